"""Four files a VM: a WorkloadEntry and what Istio's agent reads. Arguments: a list of VMs, a folder."""

import pathlib
import sys

import jinja2

TEMPLATES = {
    "entry.yaml": """apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: {{ vm.name }}
  namespace: fleet
spec:
  address: {{ vm.address }}
  labels:
    app: {{ vm.service }}
  locality: region/zone-{{ vm.zone }}
  network: vm
  serviceAccount: {{ vm.service }}
  weight: {{ vm.weight }}
""",
    "cluster.env": """CANONICAL_SERVICE='{{ vm.service }}'
CANONICAL_REVISION='latest'
ISTIO_INBOUND_PORTS='*'
ISTIO_LOCAL_EXCLUDE_PORTS='22,15090,15021,15020'
ISTIO_META_CLUSTER_ID='main'
ISTIO_META_DNS_CAPTURE='true'
ISTIO_META_MESH_ID='fleet'
ISTIO_META_NETWORK='vm'
ISTIO_META_WORKLOAD_NAME='{{ vm.service }}'
ISTIO_NAMESPACE='fleet'
ISTIO_SERVICE='{{ vm.service }}.fleet'
ISTIO_SERVICE_CIDR='*'
ISTIO_SVC_IP='{{ vm.address }}'
POD_NAMESPACE='fleet'
SERVICE_ACCOUNT='{{ vm.service }}'
TRUST_DOMAIN='cluster.local'
""",
    "mesh.yaml": """defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
  proxyMetadata:
    CANONICAL_SERVICE: {{ vm.service }}
    ISTIO_META_CLUSTER_ID: main
    ISTIO_META_NETWORK: vm
    ISTIO_META_WORKLOAD_NAME: {{ vm.service }}
    POD_NAMESPACE: fleet
    SERVICE_ACCOUNT: {{ vm.service }}
""",
    "hosts": "203.0.113.10 istiod.istio-system.svc\n",
}


def main() -> None:
    fields = ("name", "service", "address", "zone", "weight")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    templates = {name: environment.from_string(text) for name, text in TEMPLATES.items()}
    for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
        vm = dict(zip(fields, line.split()))
        folder = pathlib.Path(sys.argv[2], vm["name"])
        folder.mkdir(parents=True)
        for name, template in templates.items():
            (folder / name).write_text(template.render(vm=vm))


main()
