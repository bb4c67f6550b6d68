//! `meshd top`: who talks with whom, how often and how fast, as it goes on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::{probe, sockets};

const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks.
const EACH: Duration = Duration::from_secs(1);
/// Clears a terminal, and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Shows the table until nobody reads it any more, or once.
pub(crate) fn show(once: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let clear = if out.is_terminal() && !once { CLEAR } else { "" };
    let mut before = (Instant::now(), Sums::read(&asked()?));
    loop {
        std::thread::sleep(EACH);
        let now = (Instant::now(), Sums::read(&asked()?));
        let table = now.1.table(&before.1, now.0 - before.0);
        // Who read may be gone by now: that is the end.
        if write!(out, "{clear}{table}").and_then(|()| out.flush()).is_err() || once {
            return Ok(());
        }
        before = now;
    }
}

fn asked() -> Result<String, Failure> {
    let admin = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), sockets::ADMIN);
    let answer = probe::get(admin, "/stats/prometheus", "", PATIENCE);
    answer.map(|(_, body)| body).map_err(|cause| {
        Failure::new("ask the running meshd", cause).remedy("see whether it runs with `meshd status`")
    })
}

/// Which way, and who is at the other end.
type Peer = (Way, String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    In,
    Out,
}

/// What was counted so far.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sums(BTreeMap<Peer, Sum>);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    requests: f64,
    /// Those of them that failed.
    errors: f64,
    /// Time that all together took.
    millis: f64,
    connections: f64,
}

impl Sums {
    /// Out of metrics as Prometheus reads them.
    fn read(metrics: &str) -> Self {
        let mut sums = Self::default();
        for line in metrics.lines() {
            let Some(sample) = Sample::read(line) else {
                continue;
            };
            let label = |wanted: &str| sample.label(wanted);
            let value = sample.value;
            let peer = match label("reporter") {
                "source" => (Way::Out, label("destination_service_name").to_owned()),
                "destination" => (Way::In, label("source_workload").to_owned()),
                _ => continue,
            };
            let sum = sums.0.entry(peer).or_default();
            match sample.name {
                "istio_requests_total" => {
                    sum.requests += value;
                    // No code is no answer.
                    if label("response_code").starts_with('5') || label("response_code") == "0" {
                        sum.errors += value;
                    }
                }
                "istio_request_duration_milliseconds_sum" => sum.millis += value,
                "istio_tcp_connections_opened_total" => sum.connections += value,
                _ => {}
            }
        }
        sums
    }

    /// What there was since `before`, `span` ago; the busiest first.
    fn table(&self, before: &Self, span: Duration) -> String {
        let seconds = span.as_secs_f64().max(0.001);
        let mut rows: Vec<(&Peer, Sum)> = self
            .0
            .iter()
            .map(|(peer, now)| (peer, now.since(before.0.get(peer).copied().unwrap_or_default())))
            .collect();
        rows.sort_by(|a, b| b.1.busy().total_cmp(&a.1.busy()));
        let mut text = format!(
            "{:<4} {:<40} {:>10} {:>8} {:>9} {:>8}\n",
            "WAY", "PEER", "REQUESTS/S", "ERRORS/S", "MEAN MS", "CONN/S"
        );
        for ((way, peer), sum) in rows {
            let way = if *way == Way::In { "from" } else { "to" };
            let mean = if sum.requests > 0.0 {
                format!("{:.1}", sum.millis / sum.requests)
            } else {
                "-".to_owned()
            };
            let _infallible = writeln!(
                text,
                "{way:<4} {peer:<40} {:>10.1} {:>8.1} {mean:>9} {:>8.1}",
                sum.requests / seconds,
                sum.errors / seconds,
                sum.connections / seconds,
            );
        }
        text
    }
}

impl Sum {
    fn since(self, before: Self) -> Self {
        Self {
            requests: self.requests - before.requests,
            errors: self.errors - before.errors,
            millis: self.millis - before.millis,
            connections: self.connections - before.connections,
        }
    }

    fn busy(self) -> f64 {
        self.requests + self.connections
    }
}

/// `NAME{LABEL="VALUE",…} NUMBER`.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, &'a str)>,
    value: f64,
}

impl<'a> Sample<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (name, rest) = line.split_once('{')?;
        let (labels, value) = rest.rsplit_once("} ")?;
        let labels = labels
            .split("\",")
            .filter_map(|label| label.split_once("=\""))
            .map(|(name, value)| (name, value.trim_end_matches('"')));
        Some(Self {
            name,
            labels: labels.collect(),
            value: value.trim().parse().ok()?,
        })
    }

    /// Empty where it has none of this name.
    fn label(&self, wanted: &str) -> &'a str {
        let found = self.labels.iter().find(|(name, _)| *name == wanted);
        found.map_or("", |(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "# TYPE istio_requests counter
istio_requests_total{reporter=\"source\",destination_service_name=\"forum\",response_code=\"200\"} 10
istio_requests_total{reporter=\"source\",destination_service_name=\"forum\",response_code=\"503\"} 2
istio_request_duration_milliseconds_sum{reporter=\"source\",destination_service_name=\"forum\"} 24.0
istio_tcp_connections_opened_total{reporter=\"destination\",source_workload=\"webapp\"} 4
meshd_ready 1
";

    #[test]
    fn what_was_counted_since_the_last_look_is_told_by_peer() {
        let now = Sums::read(METRICS);
        let table = now.table(&Sums::default(), Duration::from_secs(2));
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[1], ["to", "forum", "6.0", "1.0", "2.0", "0.0"]);
        assert_eq!(lines[2], ["from", "webapp", "0.0", "0.0", "-", "2.0"]);
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn where_nothing_happened_nothing_is_told_but_who_is_there() {
        let now = Sums::read(METRICS);
        let table = now.table(&now, Duration::from_secs(1));
        assert!(
            table
                .lines()
                .skip(1)
                .all(|line| line.contains(" 0.0 ") && line.contains(" - ")),
            "{table}"
        );
    }

    #[test]
    fn the_names_are_those_that_the_proxy_tells() {
        let told = include_str!("../../proxy/src/telemetry/metrics.rs");
        for name in [
            "requests",
            "request_duration_milliseconds",
            "tcp_connections_opened",
        ] {
            assert!(told.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
