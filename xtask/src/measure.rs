//! What the programs take, beside their peers in the same run.

mod check;
mod compile;
mod figure;
mod folder;
mod process;
mod proxy;
mod runtime;

use anyhow::Result;

use figure::{Figures, print_json, print_table};

/// How often each program is started where it is not said.
const RUNS: u32 = 5;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What is measured: all of it if it is not said
    #[arg(value_enum)]
    what: Option<What>,
    /// How the figures are printed: `table` or `json`
    #[arg(long, default_value = "table", value_parser = ["table", "json"])]
    format: String,
    /// How often each program is started; 5, and 3 for the proxy, if it is not said
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=50))]
    runs: Option<u32>,
    /// How long each run of the proxy lasts
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Only what has this in the name of its trial: tcp, bulk, handshakes, http1, http1-calm, http2, http2-calm
    #[arg(long)]
    only: Option<String>,
    /// Measures a program that is given, in this network namespace (used by the task itself)
    #[arg(long, hide = true, num_args = 2.., allow_hyphen_values = true)]
    inside: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Size, start and memory of meshd, beside Envoy's
    Runtime,
    /// Time and memory of `meshc check` and `meshc build`, beside Helm's and Jinja2's
    Compile,
    /// Time and memory of `meshc check` on manifests, beside `istioctl analyze` where ISTIOCTL names one
    Check,
    /// What two hops of the proxy carry, beside Envoy's and HAProxy's
    Proxy,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let [port, program @ ..] = args.inside.as_slice() {
        return runtime::inside(port, program, args.runs.unwrap_or(RUNS));
    }
    let runs = args.runs.unwrap_or(RUNS);
    let wanted = |what| args.what.is_none_or(|only| only == what);
    let mut figures = Vec::new();
    if wanted(What::Runtime) {
        figures.extend(runtime::figures(runs)?);
    }
    if wanted(What::Compile) {
        figures.extend(compile::figures(runs)?);
    }
    if wanted(What::Check) {
        figures.extend(check::figures(runs)?);
    }
    if wanted(What::Proxy) {
        figures.extend(proxy::figures(&proxy::Wanted {
            runs: args.runs.unwrap_or(3),
            seconds: args.seconds,
            only: args.only.as_deref(),
        })?);
    }
    let figures = Figures::new(figures);
    if args.format == "json" {
        print_json(&figures)
    } else {
        print_table(&figures);
        Ok(())
    }
}
