/// Objects that each service has.
const EACH: usize = 10;
/// Namespaces that the services are in.
const NAMESPACES: usize = 20;

/// Names and texts of the files of a mesh with `count` objects that nothing is wrong with: those of each service lie
/// in one file.
pub(super) fn files(count: usize) -> impl Iterator<Item = (String, String)> {
    let services = count.div_ceil(EACH);
    (0..services).map(move |at| (format!("s{at}.yaml"), objects(at, services)))
}

/// A service with pods and a machine, who may call it and how.
fn objects(at: usize, services: usize) -> String {
    let caller = (at + NAMESPACES) % services.max(1);
    let fill = [
        ("{NAME}", format!("s{at}")),
        ("{SPACE}", format!("team-{}", at % NAMESPACES)),
        ("{CALLER}", format!("s{caller}")),
        ("{CALLERS}", format!("team-{}", caller % NAMESPACES)),
        ("{ADDRESS}", address(at)),
    ];
    fill.iter().fold(SERVICE.to_owned(), |text, (mark, value)| {
        text.replace(mark, value)
    })
}

/// The address of its machine, each its own.
fn address(at: usize) -> String {
    let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
    std::net::Ipv4Addr::from(0x0a00_0000_u32.saturating_add(number)).to_string()
}

const SERVICE: &str = r#"apiVersion: v1
kind: ServiceAccount
metadata:
  name: {NAME}
  namespace: {SPACE}
---
apiVersion: v1
kind: Service
metadata:
  name: {NAME}
  namespace: {SPACE}
  labels:
    app: {NAME}
spec:
  selector:
    app: {NAME}
  ports:
  - name: http
    port: 80
    targetPort: 8080
  - name: grpc-admin
    port: 9000
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {NAME}
  namespace: {SPACE}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {NAME}
  template:
    metadata:
      labels:
        app: {NAME}
        version: v1
        sidecar.istio.io/inject: "true"
    spec:
      serviceAccountName: {NAME}
      containers:
      - name: app
        image: registry.example.com/{NAME}:1
        ports:
        - containerPort: 8080
        - containerPort: 9000
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: {NAME}
  namespace: {SPACE}
spec:
  host: {NAME}.{SPACE}.svc.cluster.local
  trafficPolicy:
    loadBalancer:
      simple: LEAST_REQUEST
    connectionPool:
      tcp:
        maxConnections: 100
        connectTimeout: 5s
    outlierDetection:
      consecutive5xxErrors: 5
      interval: 30s
      baseEjectionTime: 30s
  subsets:
  - name: v1
    labels:
      version: v1
  - name: vm
    labels:
      version: vm
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: {NAME}
  namespace: {SPACE}
spec:
  hosts:
  - {NAME}.{SPACE}.svc.cluster.local
  http:
  - match:
    - headers:
        x-canary:
          exact: "true"
    route:
    - destination:
        host: {NAME}.{SPACE}.svc.cluster.local
        subset: vm
  - timeout: 3s
    retries:
      attempts: 2
      perTryTimeout: 1s
      retryOn: 5xx
    route:
    - destination:
        host: {NAME}.{SPACE}.svc.cluster.local
        subset: v1
      weight: 90
    - destination:
        host: {NAME}.{SPACE}.svc.cluster.local
        subset: vm
      weight: 10
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: {NAME}
  namespace: {SPACE}
spec:
  selector:
    matchLabels:
      app: {NAME}
  mtls:
    mode: STRICT
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: {NAME}
  namespace: {SPACE}
spec:
  selector:
    matchLabels:
      app: {NAME}
  rules:
  - from:
    - source:
        principals:
        - cluster.local/ns/{CALLERS}/sa/{CALLER}
    to:
    - operation:
        ports: ["8080"]
        methods: ["GET", "POST"]
        paths: ["/api/*"]
  - from:
    - source:
        namespaces: ["{SPACE}"]
    to:
    - operation:
        ports: ["9000"]
---
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata:
  name: {NAME}
  namespace: {SPACE}
spec:
  metadata:
    labels:
      app: {NAME}
      version: vm
  probe:
    periodSeconds: 5
    tcpSocket:
      port: 8080
  template:
    ports:
      http: 8080
      grpc-admin: 9000
    serviceAccount: {NAME}
    network: vm
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: {NAME}-1
  namespace: {SPACE}
spec:
  address: {ADDRESS}
  labels:
    app: {NAME}
    version: vm
  locality: region/zone
  network: vm
  serviceAccount: {NAME}
  weight: 10
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: {NAME}-outside
  namespace: {SPACE}
spec:
  hosts:
  - {NAME}.partner.example.com
  exportTo: ["."]
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - number: 443
    name: tls
    protocol: TLS
"#;
