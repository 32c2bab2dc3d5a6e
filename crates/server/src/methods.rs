//! Which methods there are. A name that a caller made up must never become a metric's label.

use std::collections::HashMap;

use prost::Message;
use prost_types::{FileDescriptorSet, MethodOptions, method_options::IdempotencyLevel};

use crate::openfn;

/// One method of one service, or [`UNKNOWN`].
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Method {
    /// `package.Service/Method`.
    pub name: &'static str,
    /// The service, with its package; empty: unknown.
    pub service: &'static str,
    /// Whether either side sends more than one message, so that the call may take long.
    pub streaming: bool,
    /// Whether the contract says that the method changes nothing (`idempotency_level`).
    pub reading: bool,
    /// Whether the method belongs to the operation of a server (health, reflection) rather than to the product. Such
    /// calls are not counted against the load limit, have no default deadline, and are logged at debug level only.
    pub operational: bool,
    /// Whether the call lasts until its caller ends it. Such calls have a limit of their own, and no deadline but the
    /// caller's.
    pub lasting: bool,
}

/// What any other path is called.
pub static UNKNOWN: Method = Method {
    name: "unknown",
    service: "",
    streaming: false,
    reading: false,
    operational: false,
    lasting: false,
};

/// Every method that this server knows, by path.
#[derive(Debug, Default)]
pub struct Methods(HashMap<String, &'static Method>);

impl Methods {
    /// The methods of these descriptor sets. They live as long as the process, so this is to be called once per server.
    ///
    /// # Errors
    /// When a set can't be read.
    pub fn of(sets: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut methods = Self::default();
        for set in sets {
            for file in FileDescriptorSet::decode(*set)?.file {
                methods.add_file(&file);
            }
        }
        Ok(methods)
    }

    /// The method that a request asks for, or [`UNKNOWN`].
    pub fn of_request<B>(&self, request: &http::Request<B>) -> &'static Method {
        openfn::method(request.method(), request.uri().path())
            .unwrap_or_else(|| self.at(request.uri().path()))
    }

    /// The method at this path, or [`UNKNOWN`].
    pub fn at(&self, path: &str) -> &'static Method {
        self.0.get(path).copied().unwrap_or(&UNKNOWN)
    }

    fn add_file(&mut self, file: &prost_types::FileDescriptorProto) {
        for service in &file.service {
            let service_name: &'static str = format!("{}.{}", file.package(), service.name()).leak();
            for method in &service.method {
                let path = format!("/{service_name}/{}", method.name());
                let name: &'static str = format!("{service_name}/{}", method.name()).leak();
                let known: &'static Method = Box::leak(Box::new(Method {
                    name,
                    service: service_name,
                    streaming: method.client_streaming() || method.server_streaming(),
                    reading: method.options.as_ref().is_some_and(changes_nothing),
                    operational: service_name.starts_with("grpc."),
                    lasting: method.name() == "Watch",
                }));
                self.0.insert(path, known);
            }
        }
    }
}

fn changes_nothing(options: &MethodOptions) -> bool {
    options.idempotency_level() == IdempotencyLevel::NoSideEffects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_contract_and_health_and_nothing_else() {
        let methods =
            Methods::of(&[crate::wire::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET]).unwrap();

        let import = methods.at("/sandbar.v1.ProjectsService/ImportProject");
        assert_eq!(import.name, "sandbar.v1.ProjectsService/ImportProject");
        assert!(import.streaming && !import.reading && !import.operational);
        let get = methods.at("/sandbar.v1.ProjectsService/GetProject");
        assert!(get.reading && !get.streaming);
        assert!(methods.at("/grpc.health.v1.Health/Watch").operational);
        let watch = methods.at("/sandbar.v1.WatchService/Watch");
        assert!(watch.lasting && watch.reading && !watch.operational && !import.lasting);
        assert_eq!(methods.at("/sandbar.v1.ProjectsService/Nope"), &UNKNOWN);
    }

    #[test]
    fn what_is_named_like_reading_is_said_to_change_nothing_and_nothing_else_is() {
        let methods = Methods::of(&[crate::wire::DESCRIPTORS]).unwrap();
        assert!(!methods.0.is_empty());
        for (path, method) in &methods.0 {
            let name = path.rsplit('/').next().unwrap();
            let reads = [
                "Authenticate",
                "Get",
                "List",
                "Preview",
                "Preflight",
                "Export",
                "Verify",
                "Watch",
                "WhoAmI",
            ]
            .iter()
            .any(|verb| name.starts_with(verb));
            assert_eq!(method.reading, reads, "{path}");
        }
    }
}
