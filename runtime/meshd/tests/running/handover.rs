//! A meshd that takes over from another one, without systemd: its clients, which ask without pause all the while, notice
//! nothing.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::alone;
use crate::clients::Clients;
use crate::world::{ECHO, Machine, until};

/// What connections have that were there before (`DRAIN` of the daemon), and what a busy machine needs on top.
const DRAIN: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(10);

#[test]
fn the_next_process_takes_over_and_nobody_is_refused() {
    let Some(_alone) = alone() else { return };
    let machine = Machine::new();
    let mut old = machine.start();
    let clients = Clients::start(&machine);
    clients.have_asked_more();
    until("it has run for a while", || {
        machine.uptime() >= Duration::from_secs(3)
    });
    let (mut short, mut long) = (machine.connect(ECHO), machine.connect(ECHO));
    let slow = machine.ask_slowly();
    machine.change();
    let begin = Instant::now();
    let mut new = machine.start();
    assert_eq!(old.ended(), None, "it has connections to finish");
    for word in 0..20_u32 {
        echo(&mut short, word).unwrap();
    }
    drop(short);
    let uptime = machine.uptime();
    assert!(
        uptime < begin.elapsed() + Duration::from_secs(2),
        "the new one answers: {uptime:?}"
    );
    clients.have_asked_more();
    slow.join().unwrap();
    let mut word = 0;
    while echo(&mut long, word).is_ok() {
        word += 1;
    }
    let held = begin.elapsed();
    assert!(
        held > DRAIN && held < DRAIN + SLACK,
        "connections have the drain, and no more: {held:?}"
    );
    until("the old process ends", || old.ended().is_some());
    assert_eq!(old.ended(), Some(Some(0)), "{}", old.log());
    clients.have_asked_more();
    clients.end();
    assert_eq!(new.ended(), None);
    assert!(new.log().contains("hands over"), "{}", new.log());
}

#[test]
fn one_whose_snapshot_is_bad_takes_over_nothing() {
    let Some(_alone) = alone() else { return };
    let machine = Machine::new();
    let mut old = machine.start();
    let clients = Clients::start(&machine);
    machine.damage();
    let mut new = machine.spawn();
    until("the new process gives up", || new.ended().is_some());
    assert_eq!(new.ended(), Some(Some(1)));
    let log = new.log();
    assert!(
        log.contains("take over from the process that serves") && log.contains("snapshot.json"),
        "{log}"
    );
    clients.have_asked_more();
    assert_eq!(old.ended(), None);
    // What was wrong is put right: the next one takes over.
    machine.change();
    let mut next = machine.start();
    until("the old process ends", || old.ended().is_some());
    clients.have_asked_more();
    clients.end();
    assert_eq!(next.ended(), None);
}

#[test]
fn one_that_dies_before_it_serves_was_never_there() {
    let Some(_alone) = alone() else { return };
    let machine = Machine::new();
    let mut old = machine.start();
    let clients = Clients::start(&machine);
    // It has the sockets, and waits for a snapshot that nobody writes.
    let mut new = machine.spawn_that_waits();
    until("it has asked for the sockets", || new.has_sockets());
    clients.have_asked_more();
    assert_eq!(new.ended(), None);
    new.kill();
    until("the old process has noticed", || {
        old.log().contains("the next process does not serve")
    });
    clients.have_asked_more();
    clients.end();
    assert_eq!(old.ended(), None);
}

#[test]
fn one_that_dies_while_the_old_one_drains_is_stood_in_for() {
    let Some(_alone) = alone() else { return };
    let machine = Machine::new();
    let mut old = machine.start();
    let mut held = machine.connect(ECHO);
    echo(&mut held, 1).unwrap();
    let mut new = machine.start();
    assert_eq!(old.ended(), None, "it has a connection to finish");
    new.kill();
    // Nobody serves for a moment, yet the sockets are open: clients wait, none is refused.
    let clients = Clients::start(&machine);
    until("the old process serves again", || {
        old.log().contains("this one serves again")
    });
    echo(&mut held, 2).unwrap();
    clients.have_asked_more();
    let mut next = machine.start();
    until("the old process ends", || old.ended().is_some());
    clients.have_asked_more();
    clients.end();
    assert_eq!(next.ended(), None);
}

#[test]
fn one_that_is_stopped_stays_stopped() {
    let Some(_alone) = alone() else { return };
    let machine = Machine::new();
    let mut old = machine.start();
    let mut held = machine.connect(ECHO);
    echo(&mut held, 1).unwrap();
    let mut new = machine.start();
    new.stop();
    until("the new process ends", || new.ended().is_some());
    assert_eq!(new.ended(), Some(Some(0)), "{}", new.log());
    drop(held);
    until("the old process ends", || old.ended().is_some());
    assert!(!old.log().contains("serves again"), "{}", old.log());
    // What it left behind is in nobody's way.
    let mut next = machine.start();
    assert_eq!(next.ended(), None);
}

fn echo(stream: &mut std::net::TcpStream, word: u32) -> std::io::Result<()> {
    stream.write_all(&word.to_be_bytes())?;
    let mut heard = [0; 4];
    stream.read_exact(&mut heard)?;
    assert_eq!(u32::from_be_bytes(heard), word);
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}
