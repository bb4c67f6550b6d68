use proptest::prelude::*;

use super::*;

fn look(attribute: &Attribute) -> Option<Value> {
    Some(match attribute {
        Attribute::RequestHost => "shop.test".into(),
        Attribute::RequestUrlPath => "/api/v1beta3/things".into(),
        Attribute::ResponseCode => Value::Number(503),
        Attribute::DestinationPort => Value::Number(8080),
        Attribute::ConnectionMtls => Value::Truth(false),
        Attribute::RequestHeader(name) if name == "x-user" => "ada".into(),
        Attribute::NodeMetadata(keys) => Value::Text(keys.join("/")),
        Attribute::UpstreamPeer(PeerField::App) => "forum".into(),
        _ => return None,
    })
}

#[test]
fn what_istios_docs_write_has_its_value() {
    for (text, value) in [
        ("request.host", Some("shop.test")),
        ("'eu'", Some("eu")),
        ("\"it's\"", Some("it's")),
        ("string(destination.port)", Some("8080")),
        ("destination.port", Some("8080")),
        ("request.headers['X-User']", Some("ada")),
        ("request.headers['x-other']", None),
        ("request.useragent", None),
        (
            "has(request.useragent) ? request.useragent : 'none'",
            Some("none"),
        ),
        ("has(request.host) ? request.host : 'none'", Some("shop.test")),
        ("node.metadata['LABELS']['app']", Some("LABELS/app")),
        ("xds.node.metadata.CLUSTER_ID", Some("CLUSTER_ID")),
        ("upstream_peer.app", Some("forum")),
        ("filter_state['upstream_peer'].app", Some("forum")),
        ("response.code >= 400", Some("true")),
        ("response.code >= 400 && response.code < 500", Some("false")),
        (
            "connection.mtls && request.url_path.contains('v1beta3')",
            Some("false"),
        ),
        (
            "!connection.mtls && request.url_path.contains('v1beta3')",
            Some("true"),
        ),
        (
            "!has(request.useragent) || !(request.useragent.startsWith('Health'))",
            Some("true"),
        ),
        ("request.useragent == 'x' || response.code == 503", Some("true")),
        ("request.useragent == 'x' && response.code == 200", Some("false")),
        ("request.useragent == 'x'", None),
        ("response.code in [502, 503]", Some("true")),
        ("'x-user' in request.headers", Some("true")),
        ("'x-other' in request.headers", Some("false")),
        (
            "request.host + ':' + string(destination.port)",
            Some("shop.test:8080"),
        ),
        ("request.host.endsWith('.test') ? 1 + 2 - 4 : -1", Some("-1")),
        ("request.host == 1", Some("false")),
        ("request.host < 1", None),
        ("size(request.host)", Some("9")),
    ] {
        let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = expression.evaluate(&look).map(|value| value.to_string());
        assert_eq!(found.as_deref(), value, "{text}");
    }
}

#[test]
fn what_is_none_is_told_with_its_place() {
    for (text, at, why) in [
        ("", 1, "a value is expected"),
        ("eu", 1, "'eu'"),
        ("request.hots", 1, "request.host"),
        ("response.code = 400", 15, "write `==`"),
        ("request.host | 'none'", 14, "CEL has no `|`"),
        ("request.host == 'a", 17, "second quote"),
        ("request.host request.path", 14, "more behind"),
        ("(request.host", 14, "`)` is expected"),
        ("matches(request.host, 'a')", 1, "function `matches`"),
        ("request.headers[request.host]", 16, "a name is expected"),
        ("request.host.matches('a.*')", 13, "more behind"),
        ("response.flags", 1, "response.code_details"),
        ("upstream_peer.color", 1, "workload"),
        ("99999999999999999999", 1, "whole number"),
    ] {
        let error = Expression::parse(text).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.why.contains(why), "{text}: {error}");
    }
}

#[test]
fn attributes_are_listed_where_they_are_asked_for() {
    let expression =
        Expression::parse("has(request.headers['a']) ? request.path : response.headers['b']").unwrap();
    let found = expression.attributes();
    assert_eq!(
        found,
        [
            &Attribute::RequestHeader("a".to_owned()),
            &Attribute::RequestPath,
            &Attribute::ResponseHeader("b".to_owned()),
        ]
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_fail(text in r#"[-a-z.()\[\]'"!?:<>=&|+ 0-9]{0,80}|\PC{0,40}"#) {
        if let Ok(expression) = Expression::parse(&text) {
            let _value = expression.evaluate(&look);
        }
    }

    #[test]
    fn depth_has_an_end(text in r"[(!-]{0,4000}") {
        let _error = Expression::parse(&text);
    }
}
