//! Packets that are marked or thrown away, in the table `mangle`.
//!
//! TPROXY leaves a packet's destination as it is and hands it to a transparent socket; a mark, and a rule of routing for
//! it, lead it there (Istio `handleInboundPortsInclude`, and the end of `Run`, in `capture/run.go`).

use super::{Rules, inbound_source};
use crate::emit::capture::rule::Match::{
    ConnectionMark, Established, From, FromElsewhere, Group, In, Invalid, Mark, NotMark, NotTo, Out, Port,
    Protocol, User,
};
use crate::emit::capture::rule::Transport::Tcp;
use crate::emit::capture::rule::Verdict::{Accept, Drop, Jump, RestoreMark, Return, SaveMark, Tproxy};
use crate::emit::capture::rule::{Chain, Match, Table, Verdict};
use crate::emit::capture::settings::{Inbound, InboundMode};

/// What the proxy sends to its own machine: it is for the inbound side, and is not the application's (Istio
/// `constants.OutboundMark`).
const OUTBOUND_MARK: u32 = 1338;

impl Rules<'_> {
    fn mangle(&mut self, chain: Chain, matches: Vec<Match>, verdict: Verdict) {
        self.add(Table::Mangle, None, chain, matches, verdict);
    }

    pub(super) fn marks(&mut self) {
        if self.settings.drop_invalid {
            self.mangle(Chain::Drop, Vec::new(), Drop);
        }
        match self.settings.mode {
            InboundMode::Redirect => self.drop_invalid(Chain::Prerouting),
            InboundMode::Tproxy { mark, .. } => self.tproxy(mark),
        }
    }

    /// A packet that belongs to no connection is thrown away: the kernel would answer it with a reset.
    fn drop_invalid(&mut self, chain: Chain) {
        if self.settings.drop_invalid {
            self.mangle(chain, vec![Invalid], Jump(Chain::Drop));
        }
    }

    fn tproxy(&mut self, mark: u32) {
        // Not what is marked already, nor what the proxy hands to the application, nor what the application says to
        // itself.
        self.mangle(Chain::Inbound, vec![Protocol(Tcp), Match::Mark(mark)], Return);
        let handed = vec![Protocol(Tcp), From(inbound_source()), In(super::lo())];
        self.mangle(Chain::Inbound, handed, Return);
        let itself = vec![Protocol(Tcp), In(super::lo()), NotMark(OUTBOUND_MARK)];
        self.mangle(Chain::Inbound, itself, Return);
        if self.settings.inbound != Inbound::None {
            self.targets(mark);
        }
        self.inbound_ports();
        self.arriving(mark);
        self.leaving(mark);
        self.mangle(Chain::Prerouting, Vec::new(), Jump(Chain::Arriving));
        self.mangle(Chain::Output, Vec::new(), Jump(Chain::Outbound));
    }

    /// Where packets go that are for the proxy.
    fn targets(&mut self, mark: u32) {
        self.mangle(Chain::Divert, Vec::new(), Verdict::Mark(mark));
        self.mangle(Chain::Divert, Vec::new(), Accept);
        let port = self.settings.inbound_port;
        let from_elsewhere = vec![NotTo(self.loopback()), Protocol(Tcp)];
        self.mangle(Chain::Tproxy, from_elsewhere, Tproxy { port, mark });
    }

    fn inbound_ports(&mut self) {
        match &self.settings.inbound {
            Inbound::None => {}
            Inbound::AllBut(except) => {
                for port in except {
                    self.mangle(Chain::Inbound, vec![Port(Tcp, *port)], Return);
                }
                let stands = vec![Protocol(Tcp), Established];
                self.mangle(Chain::Inbound, stands, Jump(Chain::Divert));
                self.mangle(Chain::Inbound, vec![Protocol(Tcp)], Jump(Chain::Tproxy));
            }
            Inbound::Only(ports) => {
                for port in ports {
                    let stands = vec![Port(Tcp, *port), Established];
                    self.mangle(Chain::Inbound, stands, Jump(Chain::Divert));
                    self.mangle(Chain::Inbound, vec![Port(Tcp, *port)], Jump(Chain::Tproxy));
                }
            }
        }
    }

    fn arriving(&mut self, mark: u32) {
        for name in &self.settings.exclude_interfaces {
            self.mangle(Chain::Arriving, vec![In(name.clone())], Return);
        }
        self.drop_invalid(Chain::Arriving);
        if self.settings.inbound != Inbound::None {
            self.mangle(Chain::Arriving, vec![Protocol(Tcp)], Jump(Chain::Inbound));
        }
        // What the proxy hands over with the caller's own address: the answers must find their way back to it.
        self.mangle(Chain::Arriving, vec![Protocol(Tcp), Mark(mark)], SaveMark);
    }

    fn owners_of_proxy(&self) -> Vec<Match> {
        let users = self.settings.uids.iter().cloned().map(User);
        let groups = self.settings.gids.iter().cloned().map(Group);
        users.chain(groups).collect()
    }

    fn leaving(&mut self, mark: u32) {
        for name in &self.settings.exclude_interfaces {
            self.mangle(Chain::Outbound, vec![Out(name.clone())], Return);
        }
        // What goes to this machine with another's address goes from the proxy to the application.
        for owner in self.owners_of_proxy() {
            let handed = vec![Protocol(Tcp), Out(super::lo()), FromElsewhere, owner];
            self.mangle(Chain::Outbound, handed, Verdict::Mark(mark));
        }
        let handed = vec![Protocol(Tcp), Out(super::lo()), Mark(mark)];
        self.mangle(Chain::Outbound, handed, Return);
        for owner in self.owners_of_proxy() {
            let to_itself = vec![NotTo(self.loopback()), Protocol(Tcp), Out(super::lo()), owner];
            self.mangle(Chain::Outbound, to_itself, Verdict::Mark(OUTBOUND_MARK));
        }
        self.mangle(
            Chain::Outbound,
            vec![Protocol(Tcp), ConnectionMark(mark)],
            RestoreMark,
        );
    }
}
