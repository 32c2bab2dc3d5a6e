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
        drop(service);
        let mut measured = Measured { project: project.unwrap_or_default().id, ..Measured::default() };
        // A new server each time: the peak of a process is that of its whole life.
        for (what, _) in ALL {
            let service = database.serve().await?;
            measured.once(&service, what).await?;
            measured.peaks.push((what, machine::peak_mib(service.id())?));
        }
        let service = database.serve().await?;
        for _ in 0..TIMES.min(setting.runs) {
            for (what, _) in ALL.into_iter().filter(|(what, _)| *what != What::FirstGet) {
                let seconds = measured.once(&service, what).await?;
                measured.seconds.push((what, seconds));
            }
        }
        measured.rows(&mut report, size);
    }
    report.print("OpenFn's tools, whole projects")
}

/// One project, and what its requests took.
#[derive(Debug, Default)]
struct Measured {
    project: String,
    /// As it was answered last.
    state: Value,
    bytes: usize,
    changes: u64,
    seconds: Vec<(What, f64)>,
    peaks: Vec<(What, f64)>,
}

impl Measured {
    /// Asks once, and gives the seconds until the end of the answer.
    async fn once(&mut self, service: &Service, what: What) -> Result<f64> {
        if matches!(what, What::PostChanged | What::Import) {
            self.changes += 1;
            let step = self.state.pointer_mut("/workflows/0/jobs/0/body").ok_or("the project has no step")?;
            *step = format!("// {}\n", self.changes).into();
        }
        let document = self.state.to_string().into_bytes();
        let projects = service.client.projects();
        let begun = Instant::now();
        let answer = match what {
            What::Export => {
                projects.export_project(&self.project, tokio::io::sink(), |_| {}).await?;
                None
            }
            What::Import => {
                let header = ImportHeader { project_id: self.project.clone(), ..ImportHeader::default() };
                projects.import_project(header, &*document, |_| {}).await?;
                None
            }
            What::FirstGet | What::Get => Some(get(service, &self.project).await?),
            What::PostSame | What::PostChanged => {
                Some(ask(service, "POST /api/provision/", &document).await?)
            }
        };
        let seconds = begun.elapsed().as_secs_f64();
        // With the locks of what is posted next.
        let answer = if what == What::Import { Some(get(service, &self.project).await?) } else { answer };
        if let Some(answer) = answer {
            self.bytes = answer.len();
            let mut answer: Value = serde_json::from_slice(&answer)?;
            self.state = answer.get_mut("data").ok_or("the answer holds no project")?.take();
        }
        if what == What::FirstGet {
            self.seconds.push((what, seconds));
        }
        Ok(seconds)
    }

    fn rows(&self, report: &mut Report, size: u64) {
        let median_of = |figures: &[(What, f64)], wanted: What| {
            let of_it = figures.iter().filter(|(what, _)| *what == wanted).map(|(_, figure)| *figure);
            median(&of_it.collect::<Vec<_>>())
        };
        let of = |what: What| median_of(&self.seconds, what);
        #[expect(clippy::cast_precision_loss)]
        let (megabytes, count) = (self.bytes as f64 / 1e6, size as f64);
        for (what, name) in ALL {
            let (seconds, peak) = (of(what), median_of(&self.peaks, what));
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
        let mut ratio = |name: &str, value: f64, bound: f64| {
            report.ratio("openfn", &format!("{name}, {size} workflows"), value, Wanted::AtMost(bound));
        };
        ratio("GET / ExportProject", of(What::Get) / of(What::Export), 2.0);
        ratio("first GET / GET", of(What::FirstGet) / of(What::Get), 4.0);
        let both = of(What::Import) + of(What::Get);
        ratio("POST / ImportProject and GET", of(What::PostChanged) / both, 2.0);
    }
}

async fn get(service: &Service, project: &str) -> Result<Vec<u8>> {
    ask(service, &format!("GET /api/provision/{project}"), &[]).await
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
