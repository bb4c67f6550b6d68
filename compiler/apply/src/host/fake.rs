//! A machine that answers from a script, for tests of what cannot be made to happen on a real one.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex};

use super::{Command, Host, Login, Output, RunError};
use crate::failure::Failure;

/// One answer.
pub type Answer = Result<Output, RunError>;

/// A machine with prepared answers; what it was asked can be looked at afterwards.
#[derive(Clone, Default)]
pub struct Fake(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    logins: VecDeque<Result<(), Failure>>,
    answers: VecDeque<Answer>,
    asked: Vec<String>,
}

impl Fake {
    /// The next login ends so; without this, logins succeed.
    pub fn login_ends(&self, result: Result<(), Failure>) {
        self.script(|script| script.logins.push_back(result));
    }

    /// The next command ends so.
    pub fn answer(&self, answer: Answer) {
        self.script(|script| script.answers.push_back(answer));
    }

    /// The lines of all commands that were run, in order; one that came through standard input is there too.
    pub fn asked(&self) -> Vec<String> {
        self.script(|script| script.asked.clone())
    }

    fn script<T>(&self, act: impl FnOnce(&mut Script) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Login for Fake {
    fn login(&self) -> Result<Box<dyn Host>, Failure> {
        self.script(|script| script.logins.pop_front())
            .unwrap_or(Ok(()))?;
        Ok(Box::new(self.clone()))
    }
}

impl Host for Fake {
    fn run(&mut self, command: &Command, input: &mut dyn Read) -> Answer {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map_err(RunError::Input)?;
        self.script(|script| {
            script
                .asked
                .push(format!("{}\n{}", command.line(), String::from_utf8_lossy(&bytes)));
            script
                .answers
                .pop_front()
                .unwrap_or_else(|| Err(RunError::Lost("the script is at its end".to_owned())))
        })
    }
}
