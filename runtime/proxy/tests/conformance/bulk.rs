//! Many requests, of which the sum counts.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::plane::{DataPlane, Way};
use crate::world::Came;

/// Nothing takes longer to become what it is to be.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `count` requests to the host of a scene are answered, one after the other: status and application.
pub struct Answers(Vec<(u16, String)>);

/// Sends `count` requests for `path`, with the headers that `headers` gives each.
pub async fn ask(
    plane: &dyn DataPlane,
    scene: &str,
    path: &str,
    count: usize,
    headers: impl Fn(usize) -> Vec<(&'static str, String)> + Send,
) -> Answers {
    let mut answers = Vec::new();
    let mut sender = None;
    for number in 0..count {
        if sender.as_ref().is_none_or(http1::SendRequest::is_closed) {
            let stream = plane.dial(Way::Out, ([10, 96, 1, 10], 80).into()).await;
            let (fresh, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            sender = Some(fresh);
        }
        let sender = sender.as_mut().unwrap();
        sender.ready().await.unwrap();
        let mut request = Request::get(path)
            .header("host", format!("{scene}.test"))
            .header("x-key", format!("{}-{scene}{path}-{number}", plane.name()));
        for (name, value) in headers(number) {
            request = request.header(name, value);
        }
        let response = sender
            .send_request(request.body(Empty::<Bytes>::new()).unwrap())
            .await
            .unwrap();
        let from = response.headers().get("x-from");
        let from = from.map_or("the proxy", |from| from.to_str().unwrap()).to_owned();
        answers.push((response.status().as_u16(), from));
        // An answer that breaks off is an answer too.
        let _broken = response.into_body().collect().await;
    }
    Answers(answers)
}

/// Asks until what comes back is as it is to become: who is ejected stays so a moment longer. Gives the last answers.
pub async fn settled(
    plane: &dyn DataPlane,
    scene: &str,
    path: &str,
    told: &str,
    wanted: impl Fn(&Answers) -> bool + Send,
) -> Answers {
    let began = Instant::now();
    loop {
        let answers = ask(plane, scene, path, 12, |_| vec![("x-do", told.to_owned())]).await;
        if wanted(&answers) || began.elapsed() > PATIENCE {
            return answers;
        }
    }
}

impl Answers {
    /// Each answer, in order.
    pub fn each(&self, label: &str) -> Came {
        let told = self.0.iter().map(|(status, from)| format!("{status} {from}"));
        vec![(format!("{label} answers"), told.collect::<Vec<_>>().join(", "))]
    }

    /// How many there are of each.
    pub fn sums(&self, label: &str) -> Came {
        vec![(format!("{label} answers"), format!("{:?}", self.summed()))]
    }

    /// Which there are.
    pub fn kinds(&self, label: &str) -> Came {
        let kinds: Vec<String> = self.summed().into_keys().collect();
        vec![(format!("{label} answers"), kinds.join(", "))]
    }

    /// All went well.
    pub fn all_good(&self) -> bool {
        self.0.iter().all(|(status, _)| *status == 200)
    }

    /// They are of no more than `most` kinds.
    pub fn of_few(&self, most: usize) -> bool {
        self.summed().len() <= most
    }

    /// Which there are at least so often.
    pub fn often(&self, label: &str, least: usize) -> Came {
        let often = self.summed().into_iter().filter(|(_, count)| *count >= least);
        let often: Vec<String> = often.map(|(answer, _)| answer).collect();
        vec![(format!("{label} often"), often.join(", "))]
    }

    fn summed(&self) -> BTreeMap<String, usize> {
        let mut sums = BTreeMap::<String, usize>::new();
        for (status, from) in &self.0 {
            *sums.entry(format!("{status} {from}")).or_default() += 1;
        }
        sums
    }

    /// Whether `name` is among those who answered well.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(status, from)| *status == 200 && from == name)
    }

    /// How many come from each of `bounds`: that it is within them, or the number. Nobody else may answer.
    pub fn within(&self, label: &str, bounds: &[(&str, RangeInclusive<usize>)]) -> Came {
        let mut came = Vec::new();
        for (name, bound) in bounds {
            let count = self
                .0
                .iter()
                .filter(|(status, from)| *status == 200 && from == name)
                .count();
            let told = if bound.contains(&count) {
                format!("within {bound:?} of {}", self.0.len())
            } else {
                format!("{count} of {}", self.0.len())
            };
            came.push((format!("{label} by {name}"), told));
        }
        let others = self
            .0
            .iter()
            .filter(|(status, from)| *status != 200 || !bounds.iter().any(|(name, _)| name == from));
        came.push((format!("{label} by others"), others.count().to_string()));
        came
    }
}
