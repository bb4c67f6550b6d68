use ipnet::{IpNet, Ipv4Net};

/// What the capture rules of a VM take. Lists are ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Which inbound ports.
    pub inbound: InboundPorts,
    /// Outbound destinations; `None` is all.
    pub outbound: Option<Vec<IpNet>>,
    /// Outbound destinations that are left alone.
    pub exclude_outbound: Vec<IpNet>,
    /// Ports of destinations that are taken beside `outbound`.
    pub outbound_ports: Vec<u16>,
    /// Ports of destinations that are left alone.
    pub exclude_outbound_ports: Vec<u16>,
    /// Interfaces that are left alone; `*` at the end stands for anything.
    pub exclude_interfaces: Vec<String>,
    /// Interfaces whose inbound traffic is outbound.
    pub virtual_interfaces: Vec<String>,
    /// Users that are left alone, by name or number.
    pub exclude_users: Vec<String>,
    /// Groups that are left alone, by name or number.
    pub exclude_groups: Vec<String>,
    /// Only these groups are captured; `None` is all.
    pub only_groups: Option<Vec<String>>,
    /// Inbound connections are handed over as they are (TPROXY), not redirected.
    pub tproxy: bool,
    /// What loads the rules.
    pub backend: Backend,
    /// Packets of no connection are dropped.
    pub drop_invalid: bool,
    /// IPv6 is captured too.
    pub ipv6: bool,
    /// Local destinations that are left alone, over IPv4.
    pub loopback: Option<Ipv4Net>,
}

/// Which inbound ports are captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboundPorts {
    /// The workload's declared ports.
    Declared,
    /// All but these; SSH and meshd's own are always among them.
    AllBut(Vec<u16>),
    /// These; none where there are none.
    Only(Vec<u16>),
}

/// What loads the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// nftables where the machine has it, else iptables.
    Auto,
    /// iptables.
    Iptables,
    /// nftables.
    Nftables,
}
