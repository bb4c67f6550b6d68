use super::{Id, Protocol, Rule, Target, Test, What, net};
use crate::diag::{Span, Spanned};
use crate::host_files::part::Part;

/// What one line says.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) table: String,
    pub(super) chain: String,
    pub(super) action: Action,
    /// It names an address of IPv6.
    pub(super) v6: bool,
}

#[derive(Debug)]
pub(super) enum Action {
    /// There is such a chain.
    Chain {
        drops: bool,
    },
    Append(Rule),
    Insert(usize, Rule),
}

/// The words of a line; a comment in quotes is one.
pub(super) fn words(line: Part<'_>) -> Vec<Spanned<String>> {
    let mut words: Vec<Spanned<String>> = Vec::new();
    let mut quoted = false;
    for word in line.split(char::is_whitespace) {
        let quotes = word.text.matches('"').count() % 2 == 1;
        match words.last_mut() {
            Some(last) if quoted => last.span.end = word.spanned().span.end,
            _ => words.push(word.spanned()),
        }
        quoted ^= quotes;
    }
    words
}

/// Reads the words of `-A CHAIN …` and the like, in `table` unless `-t` says another.
pub(super) fn command(words: &[Spanned<String>], table: &str) -> Option<Command> {
    let mut words = words;
    // `[12:345] -A …` of `iptables-save -c`.
    if words.first().is_some_and(|word| word.value.starts_with('[')) {
        words = &words[1..];
    }
    let table = words
        .windows(2)
        .find(|pair| pair[0].value == "-t" || pair[0].value == "--table")
        .map_or(table, |pair| pair[1].value.as_str())
        .to_owned();
    if let Some(chain) = words.first().and_then(|word| word.value.strip_prefix(':')) {
        return Some(Command {
            table,
            chain: chain.to_owned(),
            action: Action::Chain {
                drops: words.get(1).is_some_and(|policy| policy.value == "DROP"),
            },
            v6: false,
        });
    }
    let at = words.iter().position(|word| {
        let verbs = [
            "-A",
            "--append",
            "-I",
            "--insert",
            "-N",
            "--new-chain",
            "-P",
            "--policy",
        ];
        verbs.contains(&word.value.as_str())
    })?;
    let chain = words.get(at + 1)?.value.clone();
    let rest = &words[at + 2..];
    let (action, v6) = match words[at].value.as_str() {
        "-N" | "--new-chain" => (Action::Chain { drops: false }, false),
        "-P" | "--policy" => {
            let drops = rest.first().is_some_and(|policy| policy.value == "DROP");
            (Action::Chain { drops }, false)
        }
        "-A" | "--append" => {
            let (rule, v6) = rule(words, rest);
            (Action::Append(rule), v6)
        }
        _ => {
            let number = rest.first().and_then(|word| word.value.parse().ok());
            let (rule, v6) = rule(words, rest);
            (Action::Insert(number.unwrap_or(1), rule), v6)
        }
    };
    Some(Command {
        table,
        chain,
        action,
        v6,
    })
}

/// Where the words stand.
fn place(words: &[Spanned<String>]) -> Span {
    let (first, last) = (words.first(), words.last());
    let first = first.map(|word| word.span).unwrap_or_default();
    Span {
        end: last.map_or(first.end, |word| word.span.end),
        ..first
    }
}

fn rule(all: &[Spanned<String>], words: &[Spanned<String>]) -> (Rule, bool) {
    let mut rule = Rule {
        tests: Vec::new(),
        target: Target::Continue,
        span: place(all),
    };
    let (mut negated, mut v6, mut at) = (false, false, 0);
    while let Some(word) = words.get(at) {
        at += 1;
        if word.value == "!" {
            negated = true;
            continue;
        }
        let value = words.get(at).map_or("", |word| word.value.as_str());
        let (option, value) = word.value.split_once('=').unwrap_or((&word.value, value));
        let Some((what, takes)) = test(option, value) else {
            if let Some(target) = target(option, value, &rule.target) {
                rule.target = target;
                at += 1;
            }
            continue;
        };
        at += usize::from(takes && !word.value.contains('='));
        if let What::Source(net) | What::Destination(net) = &what {
            v6 |= net.addr().is_ipv6();
        }
        rule.tests.push(Test { negated, what });
        negated = false;
    }
    (rule, v6)
}

/// What an option asks of a packet, and whether the next word belongs to it; `None` if it asks nothing.
fn test(option: &str, value: &str) -> Option<(What, bool)> {
    let or_else = |what: Option<What>| (what.unwrap_or(What::Else), true);
    let found = match option {
        "-p" | "--protocol" => (
            match value {
                "tcp" | "6" => What::Protocol(Protocol::Tcp),
                "udp" | "17" => What::Protocol(Protocol::Udp),
                "all" | "0" => return None,
                _ => What::Protocol(Protocol::Other),
            },
            true,
        ),
        "-s" | "--source" | "--src" => or_else(net(value).map(What::Source)),
        "-d" | "--destination" | "--dst" => or_else(net(value).map(What::Destination)),
        "-i" | "--in-interface" => (What::Input(value.to_owned()), true),
        "-o" | "--out-interface" => (What::Output(value.to_owned()), true),
        "--sport" | "--source-port" | "--sports" | "--source-ports" => (What::Else, true),
        "--dport" | "--destination-port" | "--dports" | "--destination-ports" => {
            or_else(ports(value).map(What::Ports))
        }
        "--uid-owner" => (What::User(id(value)), true),
        "--gid-owner" => (What::Group(id(value)), true),
        "--syn" => (What::New, false),
        "--ctstate" | "--state" => (
            if value.split(',').any(|state| state == "NEW") {
                What::New
            } else {
                What::NotNew
            },
            true,
        ),
        "--dst-type" => (
            if value == "LOCAL" {
                What::LocalDestination
            } else {
                What::Else
            },
            true,
        ),
        // Names of modules, whose own options say what they ask; comments; arguments of targets.
        "-m" | "--match" | "--comment" | "-t" | "--table" | "--to-ports" | "--to-port"
        | "--to-destination" | "--on-port" | "-j" | "--jump" | "-g" | "--goto" => return None,
        _ if TARGET_OPTIONS.contains(&option) => return None,
        _ if option.starts_with('-') => (What::Else, false),
        _ => return None,
    };
    Some(found)
}

/// Options of targets that do not change where a packet goes.
const TARGET_OPTIONS: &[&str] = &[
    "--zone",
    "--set-mark",
    "--set-xmark",
    "--tproxy-mark",
    "--on-ip",
    "--save-mark",
    "--restore-mark",
    "--nfmask",
    "--ctmask",
    "--reject-with",
    "--log-prefix",
    "--log-level",
    "--random",
    "--random-fully",
    "--to-source",
    "--wait",
    "-w",
    "--modprobe",
    "-c",
    "--set-counters",
];

fn target(option: &str, value: &str, before: &Target) -> Option<Target> {
    let target = match option {
        "-g" | "--goto" => Target::Goto(value.to_owned()),
        "-j" | "--jump" => match value {
            "ACCEPT" => Target::Accept,
            "DROP" | "REJECT" => Target::Drop,
            "RETURN" => Target::Return,
            "REDIRECT" | "TPROXY" => Target::Redirect(0),
            "DNAT" | "NETMAP" => Target::Elsewhere,
            "MARK" | "CONNMARK" | "CT" | "LOG" | "NFLOG" | "NOTRACK" | "SNAT" | "MASQUERADE" | "TCPMSS"
            | "SET" | "DSCP" | "CLASSIFY" | "TRACE" | "AUDIT" => Target::Continue,
            chain => Target::Jump(chain.to_owned()),
        },
        "--to-ports" | "--to-port" | "--on-port" if matches!(before, Target::Redirect(_)) => {
            let first = value.split('-').next().unwrap_or_default();
            Target::Redirect(first.parse().unwrap_or(0))
        }
        _ => return None,
    };
    Some(target)
}

/// `80`, `80:90`, `80,443`.
fn ports(text: &str) -> Option<Vec<(u16, u16)>> {
    let one = |text: &str| match text.split_once(':') {
        Some((from, to)) => {
            let from = if from.is_empty() { 0 } else { from.parse().ok()? };
            let to = if to.is_empty() { u16::MAX } else { to.parse().ok()? };
            Some((from, to))
        }
        None => text.parse().ok().map(|port| (port, port)),
    };
    text.split(',').map(one).collect()
}

fn id(text: &str) -> Id {
    text.parse()
        .map_or_else(|_| Id::Name(text.to_owned()), Id::Number)
}
