use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::host_files::shell::Command;

/// A port that a firewall opens needlessly.
const NEEDLESS: &[(u16, &str)] = &[
    (15000, "the proxy's admin port is on the loopback address alone"),
    (15001, "only the machine's own connections are redirected to it"),
];

/// The machine's firewall sees packets behind redirection: to 15006, and never to what only the machine itself uses.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for command in context.machines.iter().flat_map(|machine| machine.commands()) {
        for (port, span) in opened(command) {
            if let Some((_, why)) = NEEDLESS.iter().find(|(needless, _)| *needless == port) {
                sink.push(
                    Diagnostic::new(
                        &code::FIREWALL_AFTER_NAT,
                        span,
                        format!("port {port} is opened, and nobody outside needs it"),
                    )
                    .here(*why)
                    .help("leave it out; the machine's firewall needs 15006, 15008, 15021 and 15090 (for Prometheus), those between machines the application's ports")
                    .note("packets are redirected before the firewall of the machine looks at them"),
                );
            }
        }
    }
}

/// The ports that a command opens for others: ufw, firewalld, or a rule of iptables.
pub(super) fn opened(command: &Command) -> Vec<(u16, Span)> {
    let words = command.plain();
    let incoming = !words.iter().any(|word| word.text == "out");
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |at| words[at].text.as_str());
        let said = if command.runs("ufw") && incoming && words.iter().any(|word| word.text == "allow") {
            Some(word.text.as_str()).filter(|_| ["allow", "in", "port"].contains(&before))
        } else if command.runs("firewall-cmd") {
            word.text.strip_prefix("--add-port=")
        } else if command.runs("iptables") && words.iter().any(|word| word.text == "ACCEPT") {
            let input = words.iter().any(|word| word.text == "INPUT");
            Some(word.text.as_str()).filter(|_| input && before == "--dport")
        } else {
            None
        };
        let number = said.and_then(|said| said.split('/').next()?.parse().ok());
        found.extend(number.map(|number| (number, word.span)));
    }
    found
}
