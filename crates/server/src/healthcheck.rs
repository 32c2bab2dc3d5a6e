//! Asks a running server whether it is ready, as a load balancer would.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use sandbar_server::config::HealthcheckArgs;
use tokio::time::timeout;
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// `Ok` when the server says that it serves.
pub(crate) async fn run(args: &HealthcheckArgs) -> Result<(), Box<dyn Error>> {
    let address = reachable(args.listen);
    let status = timeout(args.timeout, ask(address, &args.service))
        .await
        .map_err(|_| format!("{address} does not answer within {:?}", args.timeout))??;
    if status != ServingStatus::Serving {
        return Err(format!("{address} says {}", status.as_str_name()).into());
    }
    Ok(())
}

async fn ask(address: SocketAddr, service: &str) -> Result<ServingStatus, Box<dyn Error>> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?
        .connect()
        .await
        .map_err(|error| format!("{address} can't be reached: {}", error.source().unwrap_or(&error)))?;
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = HealthClient::new(channel).check(request).await?;
    Ok(answer.into_inner().status())
}

/// Where a server that listens everywhere can be reached from its own machine.
fn reachable(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listen
}
