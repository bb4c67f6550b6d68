use mesh_compiler::diag::Severity;
use mesh_compiler::{World, compile};

/// A spec whose names and addresses are still asked for.
pub(super) struct Draft {
    yaml: bool,
    questions: Vec<Question>,
}

/// A part of the draft.
pub(super) struct Question {
    /// What stands for it in the draft.
    place: &'static str,
    /// What is asked.
    pub(super) text: &'static str,
    /// What was answered, or an example.
    pub(super) answer: String,
}

const QUESTIONS: &[(&str, &str, &str)] = &[
    ("MESH", "Name of the mesh", "my-mesh"),
    ("NETWORK", "Network of the cluster's pods", "kube"),
    (
        "CLUSTER",
        "Name of the cluster (Istio's cluster ID)",
        "Kubernetes",
    ),
    (
        "GATEWAY",
        "Address of its east-west gateway, as machines dial it",
        "203.0.113.10",
    ),
    ("CIDR", "Addresses of the machines' network", "10.10.0.0/24"),
    ("MACHINE", "Name of the first machine", "app-1"),
    ("ADDRESS", "Its address", "10.10.0.11"),
];

impl Draft {
    pub(super) fn new(yaml: bool) -> Self {
        let question = |(place, text, answer): &(&'static str, &'static str, &str)| Question {
            place,
            text,
            answer: (*answer).to_owned(),
        };
        let questions = QUESTIONS.iter().map(question).collect();
        Self { yaml, questions }
    }

    pub(super) fn questions(&self) -> &[Question] {
        &self.questions
    }

    pub(super) fn file_name(&self) -> &'static str {
        if self.yaml { "spec.yaml" } else { "spec.kdl" }
    }

    /// Takes an answer; none keeps the example.
    ///
    /// # Errors
    /// Why the compiler does not take it.
    pub(super) fn answer(&mut self, at: usize, answer: &str) -> Result<(), String> {
        if answer.is_empty() {
            return self.examples_fit(at);
        }
        let before = std::mem::replace(&mut self.questions[at].answer, answer.to_owned());
        self.examples_fit(at)
            .inspect_err(|_| self.questions[at].answer = before)
    }

    /// Compiles the draft. The examples behind `at` follow what is answered, as far as one can tell.
    fn examples_fit(&mut self, at: usize) -> Result<(), String> {
        if self.questions[at].place == "CIDR"
            && let Some(first) = first_address(&self.questions[at].answer)
        {
            self.questions[at + 2].answer = first;
        }
        let text = self.text();
        let compiled = compile(&Text(&text), self.file_name());
        let error = compiled
            .diagnostics
            .iter()
            .find(|found| found.severity == Severity::Error);
        match error {
            None => Ok(()),
            Some(found) => Err(match &found.help {
                Some(help) => format!("{}; {help}", found.message),
                None => found.message.clone(),
            }),
        }
    }

    pub(super) fn text(&self) -> String {
        let draft = if self.yaml {
            include_str!("spec.yaml")
        } else {
            include_str!("spec.kdl")
        };
        let networks = self.questions.iter().find(|question| question.place == "NETWORK");
        let vms = match networks.map(|network| network.answer.as_str()) {
            Some("vm") => "vms",
            _ => "vm",
        };
        let mut text = String::new();
        for line in draft.lines() {
            let mut line = line.to_owned();
            if !line.trim_start().starts_with(['/', '#']) {
                line = self
                    .questions
                    .iter()
                    .fold(line, |line, part| line.replace(part.place, &part.answer));
                line = line.replace("VMS", vms);
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// The eleventh address of a range of IPv4: the first ones are often taken.
fn first_address(range: &str) -> Option<String> {
    let (address, length) = range.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    let length: u32 = length.parse().ok().filter(|length| *length <= 28)?;
    let host = u32::from(address) & (u32::MAX.checked_shl(32 - length).unwrap_or(0));
    Some(std::net::Ipv4Addr::from(host + 11).to_string())
}

struct Text<'a>(&'a str);

impl World for Text<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}
