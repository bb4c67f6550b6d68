use proptest::prelude::*;

use super::*;

fn resolve(text: &str, host: &str) -> Settings {
    Config::of_text(text).unwrap().resolve(&[host], "me")
}

#[test]
fn the_first_value_counts_and_identities_add_up() {
    let text = "User first\nHost web-*  !web-9\n  HostName=10.0.0.1\n  Port 2222 # ours\n  IdentityFile \"~/my key\"\n\
                Host *\n  User second\n  Port 1\n  IdentityFile ~/.ssh/other\n";
    let web = resolve(text, "WEB-1");
    assert_eq!(
        (web.get("hostname"), web.get("port"), web.get("user")),
        (Some("10.0.0.1"), Some("2222"), Some("first"))
    );
    assert_eq!(web.identities(), ["~/my key", "~/.ssh/other"]);
    assert_eq!(resolve(text, "web-9").get("port"), Some("1"));
}

#[test]
fn a_vm_is_found_by_its_name_and_by_its_address() {
    let config = Config::of_text(
        "Host db-1\n Port 1\nHost 10.0.*\n User dba\nMatch host 10.0.0.5\n Compression yes\n",
    )
    .unwrap();
    let db = config.resolve(&["db-1", "10.0.0.5"], "me");
    assert_eq!(
        (db.get("port"), db.get("user"), db.get("compression")),
        (Some("1"), Some("dba"), Some("yes"))
    );
}

#[test]
fn match_knows_hosts_and_users_and_never_runs_a_command() {
    let text = "Host db\n HostName 10.0.0.5\n User dba\nMatch host 10.0.0.* user dba\n Port 5\nMatch exec \"true\"\n Port 6\n\
                Match all\n ProxyJump bastion\n";
    let db = resolve(text, "db");
    assert_eq!(
        (db.get("port"), db.get("proxyjump")),
        (Some("5"), Some("bastion"))
    );
    assert_eq!(resolve(text, "web").get("port"), None);
}

#[test]
fn an_include_counts_where_it_stands_and_under_its_condition() {
    let home = tempfile::tempdir().unwrap();
    let ssh = home.path().join(".ssh");
    std::fs::create_dir_all(ssh.join("conf.d")).unwrap();
    std::fs::write(ssh.join("conf.d/a"), "User included\nHost other\n Port 9\n").unwrap();
    std::fs::write(
        ssh.join("config"),
        "Host vm other\n Port 7\n Include conf.d/*\n User late\n",
    )
    .unwrap();
    let config = Config::read(&ssh.join("config"), home.path(), true).unwrap();
    let vm = config.resolve(&["vm"], "me");
    assert_eq!((vm.get("user"), vm.get("port")), (Some("included"), Some("7")));
    assert_eq!(config.resolve(&["elsewhere"], "me"), Settings::default());
}

#[test]
fn files_that_include_each_other_end_with_an_error() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    std::fs::write(&path, "Include ~/config\n").unwrap();
    assert!(matches!(
        Config::read(&path, home.path(), true),
        Err(ConfigError::Depth(_))
    ));
}

#[test]
fn a_wrong_line_is_named_by_its_number() {
    assert_eq!(
        Config::of_text("Host a\n User \"x\n").unwrap_err().to_string(),
        "line 2: a quote that is not closed"
    );
    assert_eq!(Config::of_text("\nPort\n").unwrap_err().line, 2);
}

/// `*` and `?` as a regular expression would have them, slow but plain.
fn slow(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.first(), name.first()) {
        (None, None) => true,
        (Some(b'*'), _) => slow(&pattern[1..], name) || (!name.is_empty() && slow(pattern, &name[1..])),
        (Some(b'?'), Some(_)) => slow(&pattern[1..], &name[1..]),
        (Some(p), Some(n)) if p == n => slow(&pattern[1..], &name[1..]),
        _ => false,
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_but_never_a_panic(text in "(?s).{0,200}") {
        if let Ok(config) = Config::of_text(&text) {
            config.resolve(&["host"], "me");
        }
    }

    #[test]
    fn patterns_match_as_their_definition_says(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
        prop_assert_eq!(matches(&pattern, &name), slow(pattern.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn blanks_quotes_and_equal_signs_do_not_change_a_value(
        value in "[a-z0-9./~%-]{1,20}", sign in prop::sample::select(vec![" ", "=", " = ", "\t"]), quoted: bool,
    ) {
        let shown = if quoted { format!("\"{value}\"") } else { value.clone() };
        let text = format!("Host h\n  HoStNaMe{sign}{shown}  \n");
        prop_assert_eq!(resolve(&text, "h").get("hostname").map(str::to_owned), Some(value));
    }

    #[test]
    fn a_negated_pattern_always_wins(host in "[a-z]{1,10}") {
        let text = format!("Host * !{host}\n Port 1\n");
        let settings = resolve(&text, &host);
        prop_assert_eq!(settings.get("port"), None);
    }
}
