use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use mesh_compiler::diag::Sources;
use mesh_compiler::query::{Asker, Question, Trace, render};

use super::given;
use super::settings::Values;
use crate::exit::Exit;
use crate::ui::{Ui, plain};

/// Follow one call: name, capture, listener, route, endpoint, mutual TLS and the policy that decides.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc trace istioinaction/forum-vm-1 http://webapp:8080/api/catalog examples/forum
  meshc trace webapp http://forum:8080/api/threads --method POST --header x-canary=true examples/forum
  meshc trace outside forum-db:3306 examples/forum        somebody without an identity
  meshc trace webapp http://forum:8080/api -o trace.svg examples/forum

FROM is a VM, a service or an account as NAMESPACE/NAME (NAME alone where it is the only one; @CLUSTER behind it says
whose pods), or `outside`. TO is a URL, HOST:PORT or the name of a service. SPEC may stand first as well.

It ends with 0 where the call gets through, leaves the mesh or is answered, with 1 where it is refused or gets nowhere.")]
pub(crate) struct Args {
    /// Who calls.
    from: String,

    /// What is called.
    to: String,

    /// The spec, or a folder with `spec.kdl`, `spec.yaml` or `spec.json` in it; or manifests, or a folder of them.
    #[arg(default_value = ".")]
    spec: PathBuf,

    /// The request's method.
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,

    /// A header of the request; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
    header: Vec<(String, String)>,

    /// The request's token, its claims as JSON, or `iss=https://issuer,sub=ada`. Its signature is not checked.
    #[arg(long, value_name = "TOKEN")]
    jwt: Option<String>,

    /// The address that the workload sees the connection come from, where it is not the caller's own.
    #[arg(long, value_name = "ADDRESS")]
    from_ip: Option<IpAddr>,

    #[command(flatten)]
    values: Values,

    /// How the answer is shown.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Write it to a file; one that ends in `.svg` or `.json` says the format too.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How the answer is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One hop a line.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// A picture.
    Svg,
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(['=', ':']) {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_lowercase(), value.trim().to_owned()))
        }
        _ => Err("`NAME=VALUE` is expected".to_owned()),
    }
}

impl Args {
    /// With the spec behind the call. Other commands take it first, and so do fingers.
    fn in_order(mut self) -> Self {
        if !self.spec.exists() && Path::new(&self.from).exists() {
            let to = self.spec.into_os_string().to_string_lossy().into_owned();
            self.spec = PathBuf::from(std::mem::replace(
                &mut self.from,
                std::mem::replace(&mut self.to, to),
            ));
        }
        self
    }
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    let args = args.in_order();
    let given = match given::mesh(&args.spec, &args.values, ui) {
        Ok(given) => given,
        Err(exit) => return exit,
    };
    let question = Question {
        from: args.from,
        to: args.to,
        home: None,
        method: args.method,
        headers: args.header,
        jwt: args.jwt,
        from_ip: args.from_ip,
    };
    let trace = match Asker::new(&given.mesh).ask(&question) {
        Ok(trace) => trace,
        Err(unasked) => {
            ui.fail("nothing can be traced", &unasked, unasked.help());
            return Exit::Broken;
        }
    };
    let format = args.output.as_deref().and_then(by_name).unwrap_or(args.format);
    let color = ui.color && args.output.is_none();
    let text = shown(&trace, &given.sources, format, color);
    if let Err(exit) = put(&text, args.output.as_deref(), ui) {
        return exit;
    }
    if trace.outcome().is_good() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

fn shown(trace: &Trace, sources: &Sources, format: Format, color: bool) -> String {
    match format {
        Format::Text => render::text(trace, sources, color),
        Format::Json => render::json(trace, sources),
        Format::Svg => render::svg(trace, sources),
    }
}

fn by_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()? {
        "svg" => Some(Format::Svg),
        "json" => Some(Format::Json),
        _ => None,
    }
}

/// Standard output, or a file.
pub(crate) fn put(text: &str, output: Option<&Path>, ui: &Ui) -> Result<(), Exit> {
    let Some(path) = output else {
        ui.out(text);
        return Ok(());
    };
    std::fs::write(path, text).map_err(|error| {
        ui.fail(
            format_args!("cannot write `{}`", path.display()),
            plain(error),
            "name a file in a folder that is there",
        );
        Exit::Broken
    })
}
