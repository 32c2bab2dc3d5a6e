//! What `OpenFn`'s own tools ask of a project: reading it whole, and deploying it whole with one step changed, beside what
//! gRPC takes for the same.

use std::time::Instant;

use sandbar_client::v1::ImportHeader;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    Failure, Result, Setting,
    document::Template,
    figures::{Report, Wanted, median},
    machine,
    service::{Database, Service},
};

/// Sizes of the projects.
const SIZES: [u64; 3] = [100, 1_000, 10_000];
/// How often each request is timed.
const TIMES: usize = 5;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Export,
    FirstGet,
    Get,
    Import,
    PostSame,
    PostChanged,
}

const ALL: [(What, &str); 6] = [
    (What::Export, "gRPC ExportProject"),
    (What::FirstGet, "GET, the first one"),
    (What::Get, "GET"),
    (What::Import, "gRPC ImportProject, one step changed"),
    (What::PostSame, "POST, nothing changed"),
    (What::PostChanged, "POST, one step changed"),
];

/// See the subcommand.
pub(crate) async fn run(setting: &Setting) -> Result<()> {
    let template = Template::read(&setting.template)?;
    let database = Database::open(setting, "openfn", true).await?.with(&["--max-deadline", "10m"]);
    let mut report =
        Report::new(setting.engine, &["what", "workflows", "MB", "seconds", "ms/workflow", "peak MiB"]);
    for size in SIZES.into_iter().filter(|size| *size <= setting.largest) {
        let service = database.serve().await?;
        let header = ImportHeader::default();
        let document = template.document(&format!("openfn-{size}"), size);
        let project = service.client.projects().import_project(header, document, |_| {}).await?.project;
        let mut measured = Measured::new(&service, project.unwrap_or_default().id).await?;
        for time in 0..TIMES.min(setting.runs) {
            measured.round(time).await?;
        }
        measured.rows(&mut report, size, machine::peak_mib(service.id())?);
    }
    report.print("OpenFn's tools, whole projects")
}

/// One project, and what its requests took.
struct Measured<'a> {
    service: &'a Service,
    project: String,
    state: Value,
    bytes: usize,
    seconds: Vec<(What, f64)>,
}

impl<'a> Measured<'a> {
    async fn new(service: &'a Service, project: String) -> Result<Self> {
        let mut it = Self { service, project, state: Value::Null, bytes: 0, seconds: Vec::new() };
        let (body, seconds) = it.get().await?;
        it.seconds.push((What::FirstGet, seconds));
        it.bytes = body.len();
        it.state = data(&body)?;
        Ok(it)
    }

    /// Each once, by turns.
    async fn round(&mut self, time: usize) -> Result<()> {
        let projects = self.service.client.projects();
        let begun = Instant::now();
        projects.export_project(&self.project, tokio::io::sink(), |_| {}).await?;
        self.seconds.push((What::Export, begun.elapsed().as_secs_f64()));

        let (_, seconds) = self.get().await?;
        self.seconds.push((What::Get, seconds));

        let seconds = self.post().await?;
        self.seconds.push((What::PostSame, seconds));

        self.change(&format!("// posted {time}\n"))?;
        let seconds = self.post().await?;
        self.seconds.push((What::PostChanged, seconds));

        self.change(&format!("// imported {time}\n"))?;
        let header = ImportHeader { project_id: self.project.clone(), ..ImportHeader::default() };
        let document = self.state.to_string();
        let begun = Instant::now();
        self.service.client.projects().import_project(header, document.as_bytes(), |_| {}).await?;
        self.seconds.push((What::Import, begun.elapsed().as_secs_f64()));

        // The locks of what is posted next.
        let (body, _) = self.get().await?;
        self.state = data(&body)?;
        Ok(())
    }

    fn change(&mut self, body: &str) -> Result<()> {
        let step = self.state.pointer_mut("/workflows/0/jobs/0/body").ok_or("the project has no step")?;
        *step = body.into();
        Ok(())
    }

    async fn get(&self) -> Result<(Vec<u8>, f64)> {
        let begun = Instant::now();
        let body = ask(self.service, &format!("GET /api/provision/{}", self.project), &[]).await?;
        Ok((body, begun.elapsed().as_secs_f64()))
    }

    async fn post(&mut self) -> Result<f64> {
        let document = self.state.to_string().into_bytes();
        let begun = Instant::now();
        let answer = ask(self.service, "POST /api/provision/", &document).await?;
        let seconds = begun.elapsed().as_secs_f64();
        self.state = data(&answer)?;
        Ok(seconds)
    }

    fn rows(&self, report: &mut Report, size: u64, peak: f64) {
        let of = |wanted: What| {
            let taken = self.seconds.iter().filter(|(what, _)| *what == wanted).map(|(_, seconds)| *seconds);
            median(&taken.collect::<Vec<_>>())
        };
        #[expect(clippy::cast_precision_loss)]
        let (megabytes, count) = (self.bytes as f64 / 1e6, size as f64);
        for (what, name) in ALL {
            let seconds = of(what);
            let cells = [
                name.to_owned(),
                size.to_string(),
                format!("{megabytes:.1}"),
                format!("{seconds:.3}"),
                format!("{:.3}", seconds * 1e3 / count),
                format!("{peak:.0}"),
            ];
            let values = json!({ "what": name, "workflows": size, "megabytes": megabytes, "seconds": seconds, "peak_mib": peak });
            report.row(&cells, "openfn", values);
        }
        let mut ratio = |name: &str, one: What, other: What, bound: f64| {
            let what = format!("{name}, {size} workflows");
            report.ratio("openfn", &what, of(one) / of(other), Wanted::AtMost(bound));
        };
        ratio("GET / ExportProject", What::Get, What::Export, 2.0);
        ratio("first GET / GET", What::FirstGet, What::Get, 3.0);
        ratio("POST / ImportProject and GET", What::PostChanged, What::Import, 2.0);
    }
}

/// The project in an answer.
fn data(answer: &[u8]) -> Result<Value> {
    let mut answer: Value = serde_json::from_slice(answer)?;
    Ok(answer.get_mut("data").ok_or("the answer holds no project")?.take())
}

/// One request over HTTP/1.1, as the tools send it. Gives the body of the answer.
async fn ask(service: &Service, line: &str, body: &[u8]) -> Result<Vec<u8>> {
    let host = service.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await?;
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\
         content-type: application/json\r\nconnection: close\r\n\r\n",
        service.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no answer")?;
    let rest = answer.split_off(end + 4);
    if !(answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.1 201")) {
        let said = format!("{line}: {}{}", String::from_utf8_lossy(&answer), String::from_utf8_lossy(&rest));
        return Err(Failure::from(said));
    }
    Ok(rest)
}
