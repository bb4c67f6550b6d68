use mesh_proxy::tls::Identity;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

/// A CA made for one test.
pub struct Ca {
    pub root: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::OrganizationName, "cluster.local");
        let root = params.self_signed(&key).unwrap().pem();
        Self {
            root,
            issuer: Issuer::new(params, key),
        }
    }

    /// Certificate chain and key of a workload, PEM.
    pub fn issue(&self, spiffe: &str) -> (String, String) {
        self.certify(SanType::URI(Ia5String::try_from(spiffe).unwrap()))
    }

    /// A list of revoked certificates, with that of `chain` on it where there is one, PEM.
    pub fn revoke(&self, chain: Option<&str>) -> String {
        use rcgen::{
            CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber, date_time_ymd,
        };
        let serial = |chain: &str| {
            let (_, pem) = x509_parser::pem::parse_x509_pem(chain.as_bytes()).unwrap();
            SerialNumber::from_slice(pem.parse_x509().unwrap().raw_serial())
        };
        let revoked = chain.map(|chain| RevokedCertParams {
            serial_number: serial(chain),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2124, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.into_iter().collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// Certificate chain and key of a server outside of the mesh, PEM.
    pub fn issue_host(&self, host: &str) -> (String, String) {
        self.certify(SanType::DnsName(Ia5String::try_from(host).unwrap()))
    }

    /// The same with a key of RSA.
    pub fn issue_rsa(&self, spiffe: &str) -> (String, String) {
        let size = rcgen::RsaKeySize::_2048;
        let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
        self.certify_key(SanType::URI(Ia5String::try_from(spiffe).unwrap()), &key)
    }

    fn certify(&self, name: SanType) -> (String, String) {
        self.certify_key(name, &KeyPair::generate().unwrap())
    }

    fn certify_key(&self, name: SanType, key: &KeyPair) -> (String, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.subject_alt_names = vec![name];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        let chain = params.signed_by(key, &self.issuer).unwrap().pem();
        (chain, key.serialize_pem())
    }

    pub fn identity(&self, spiffe: &str) -> Identity {
        let (chain, key) = self.issue(spiffe);
        Identity::load(chain.as_bytes(), key.as_bytes(), self.root.as_bytes()).unwrap()
    }
}
