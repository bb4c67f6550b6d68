use serde_json::Value;

use crate::diff::{Access, Change, ChangeKind, Difference, Field, MachineChange, Machines, Name};

/// How much of a list of VMs is shown.
const SHOWN: usize = 6;

/// What is different, a section for each kind of thing; nothing where nothing is.
pub fn human(difference: &Difference, color: bool) -> String {
    let paint = Paint { color };
    let mut text = String::new();
    for change in &difference.things {
        text.push_str(&thing(change, paint));
    }
    section(
        &mut text,
        "names",
        difference.names.iter().map(|name| self::name(name, paint)),
    );
    section(
        &mut text,
        "machines",
        difference.machines.iter().map(|all| machines(all, paint)),
    );
    section(
        &mut text,
        "access",
        difference.access.iter().map(|one| access(one, paint)),
    );
    for what in &difference.not_compared {
        text.push_str(&format!("not compared: {what}\n"));
    }
    text
}

#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    fn sign(self, sign: char, text: &str) -> String {
        let code = match sign {
            '+' => "32",
            '-' => "31",
            _ => "33",
        };
        if self.color {
            format!("\u{1b}[{code}m{sign} {text}\u{1b}[0m")
        } else {
            format!("{sign} {text}")
        }
    }
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: String = lines.collect();
    if !lines.is_empty() {
        text.push_str(&format!("{title}\n{lines}"));
    }
}

fn thing(change: &Change, paint: Paint) -> String {
    let sign = match change.kind {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Changed { .. } => '~',
    };
    let place = if change.clusters.is_empty() {
        String::new()
    } else {
        format!(" (cluster {})", change.clusters.join(", "))
    };
    let mut text = paint.sign(sign, &format!("{} {}{place}", change.noun.word(), change.name)) + "\n";
    if let ChangeKind::Changed { fields } = &change.kind {
        text.extend(fields.iter().map(|field| self::field(field, paint)));
    }
    text.extend(change.effects.iter().map(|effect| format!("    {effect}\n")));
    text
}

fn field(field: &Field, paint: Paint) -> String {
    let Field { path, before, after } = field;
    let line = match (before, after) {
        (Some(before), Some(after)) => {
            paint.sign('~', &format!("{path}: {} -> {}", short(before), short(after)))
        }
        (Some(before), None) => paint.sign('-', &format!("{path}: {}", short(before))),
        (None, Some(after)) => paint.sign('+', &format!("{path}: {}", short(after))),
        (None, None) => return String::new(),
    };
    format!("    {line}\n")
}

/// On one line: `{port: 8080, name: http}`.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| format!("{key}: {}", short(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn name(name: &Name, paint: Paint) -> String {
    let Name { host, before, after } = name;
    let line = match (before.as_slice(), after.as_slice()) {
        ([], after) => paint.sign('+', &format!("{host} is {}", after.join(", "))),
        (before, []) => paint.sign('-', &format!("{host} is no longer {}", before.join(", "))),
        (before, after) => paint.sign(
            '~',
            &format!("{host}: {} -> {}", before.join(", "), after.join(", ")),
        ),
    };
    format!("    {line}\n")
}

fn machines(all: &Machines, paint: Paint) -> String {
    let vms = if all.vms.len() > SHOWN {
        format!(
            "{} and {} more",
            all.vms[..SHOWN].join(", "),
            all.vms.len() - SHOWN
        )
    } else {
        all.vms.join(", ")
    };
    match &all.change {
        MachineChange::Joins => format!(
            "    {}\n",
            paint.sign('+', &format!("{vms}: new, `meshc apply` installs meshd"))
        ),
        MachineChange::Leaves => format!(
            "    {}\n",
            paint.sign('-', &format!("{vms}: gone, `meshc remove` takes meshd away"))
        ),
        MachineChange::Files { files, effects } => {
            let mut text = format!("    {}\n", paint.sign('~', &vms));
            text.extend(effects.iter().map(|effect| format!("        {effect}\n")));
            text.extend(
                files
                    .iter()
                    .map(|(sign, path)| format!("        {sign} {path}\n")),
            );
            text
        }
    }
}

fn access(access: &Access, paint: Paint) -> String {
    let Access {
        target,
        gains,
        asked_before,
        asked,
        who,
        what,
    } = access;
    let (sign, verb, tail) = match (*gains, asked_before, asked) {
        (true, None, Some(name)) => ('+', "may now call", format!(", asked of {name}")),
        (true, Some(name), _) => ('+', "may call", format!(" without {name} being asked")),
        (true, None, None) => ('+', "may now call", String::new()),
        (false, _, None) => ('-', "may no longer call", String::new()),
        (false, None, Some(name)) => ('-', "may call", format!(" only as {name} says")),
        (false, Some(old), Some(name)) => ('-', "may call", format!(" as {name} says, not {old}")),
    };
    let what = match what.as_slice() {
        [] => String::new(),
        [one] => format!(": {one}"),
        several => format!(": {}", several.join("; ")),
    };
    format!(
        "    {}\n",
        paint.sign(sign, &format!("{} {verb} {target}{tail}{what}", who.join(", ")))
    )
}
