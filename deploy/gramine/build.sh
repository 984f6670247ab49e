#!/usr/bin/env bash
# Fills a manifest template of this folder, measures and signs the enclave. See --help.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'HELP'
usage: build.sh tensorflow-serving --model-name NAME --broker HOST:PORT --ca FILE --out DIR [options]
       build.sh sealserve-node --program DIR --config FILE --ca FILE --out DIR [options]

Makes a folder to start an enclave in: the filled manifest, its measured and signed form, and what it trusts.
Needs gramine-manifest and gramine-sgx-sign of Gramine 1.8 or later.

  tensorflow-serving   stock tensorflow_model_server; the key comes by Gramine's secret provisioning
    --model-name NAME    the model; its encrypted files go to DIR/models/NAME
    --broker HOST:PORT   the owner's broker; several separated by commas
    --server FILE        tensorflow_model_server (default: /usr/bin/tensorflow_model_server)
    --grpc-port N        default 8500, TLS by the encrypted DIR/ssl.cfg
    --rest-port N        default 0, none: TensorFlow Serving's REST port knows no TLS
    --rest-threads N     default 64
    --poll-seconds N     how often it looks for new versions, default 5
    --cores N            threads inside one operation and of operations, default 2

  sealserve-node       sealserve serve on Node; the key comes by Sealserve's own protocol
    --program DIR        what `sealserve image` made
    --config FILE        serve.yaml; it must say `package: /sealed` and `ca: broker-ca.pem`
    --node FILE          Node 24 (default: the node found first)
    --heap-mib N         V8's heap limit, default 2048

  both
    --ca FILE            certificate of the CA that the broker's certificate comes from
    --out DIR            new folder to make
    --key FILE           signer's key (default: Gramine's own default)
    --enclave-size SIZE  default 4G
    --max-threads N      default 400 for tensorflow-serving, 64 for sealserve-node
    --isv-prod-id N      default 0
    --isv-svn N          default 0; raise it with each release
    --arch-libdir DIR    folder of the system's libraries (default: found)
    --check              check everything and make nothing
    -h, --help
HELP
}

fail() {
  echo "build.sh: $1" >&2
  exit 2
}

# Everything that goes into a manifest has one of these forms, so no value can end its string and add a line.
expect() { # name value pattern what
  [[ $2 =~ ^($3)$ ]] || fail "--$1: expected $4, found '$2'"
}
expect_number() { # name value most
  expect "$1" "$2" '0|[1-9][0-9]{0,8}' 'a whole number'
  (($2 <= $3)) || fail "--$1: at most $3, found $2"
}
expect_path() { expect "$1" "$2" '/[A-Za-z0-9._/+-]+' 'an absolute path of letters, digits and . _ / + -'; }
expect_file() { [[ -f $2 ]] || fail "--$1: $2 is no file"; }

case ${1-} in
  tensorflow-serving) max_threads=400 ;;
  sealserve-node) max_threads=64 ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
kind=$1
shift

model_name='' broker='' server=/usr/bin/tensorflow_model_server grpc_port=8500 rest_port=0 rest_threads=64 poll_seconds=5 cores=2
program='' config='' node=$(command -v node || true) heap_mib=2048
ca='' out='' key='' enclave_size=4G isv_prod_id=0 isv_svn=0 arch_libdir='' check=false

tensorflow_options=' model-name broker server grpc-port rest-port rest-threads poll-seconds cores '
node_options=' program config node heap-mib '
common_options=' ca out key enclave-size max-threads isv-prod-id isv-svn arch-libdir '
while (($# > 0)); do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --check) check=true; shift; continue ;;
  esac
  name=${1#--}
  if [[ $kind == tensorflow-serving ]]; then known=$tensorflow_options$common_options; else known=$node_options$common_options; fi
  [[ $1 == --* && $known == *" $name "* ]] || fail "$1 is no option of $kind (--help lists them)"
  (($# >= 2)) || fail "$1 needs a value"
  printf -v "${name//-/_}" '%s' "$2"
  shift 2
done

if [[ -z $arch_libdir ]]; then
  # Debian and Ubuntu, or Anolis OS and others of the Red Hat family.
  if [[ -d /lib/x86_64-linux-gnu ]]; then arch_libdir=/lib/x86_64-linux-gnu; else arch_libdir=/lib64; fi
fi
[[ -n $ca ]] || fail '--ca is missing'
[[ -n $out ]] || fail '--out is missing'
[[ ! -e $out ]] || fail "--out: $out exists already and is not overwritten"
expect_file ca "$ca"
grep -q -e '-----BEGIN CERTIFICATE-----' "$ca" || fail "--ca: $ca holds no PEM certificate"
! grep -q -e 'PRIVATE KEY-----' "$ca" || fail "--ca: $ca holds a private key, which must not go into an enclave's folder"
[[ -z $key ]] || expect_file key "$key"
expect enclave-size "$enclave_size" '[1-9][0-9]{0,5}[MG]' 'a size such as 4G'
expect_number max-threads "$max_threads" 4096
expect_number isv-prod-id "$isv_prod_id" 65535
expect_number isv-svn "$isv_svn" 65535
expect_path arch-libdir "$arch_libdir"
[[ -d $arch_libdir ]] || fail "--arch-libdir: $arch_libdir is no folder"

if [[ $kind == tensorflow-serving ]]; then
  expect model-name "$model_name" '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}' 'a name of letters, digits and _ . -'
  expect broker "$broker" '[A-Za-z0-9.-]+:[0-9]{1,5}(,[A-Za-z0-9.-]+:[0-9]{1,5})*' 'HOST:PORT'
  expect_path server "$server"
  expect_file server "$server"
  expect_number grpc-port "$grpc_port" 65535
  expect_number rest-port "$rest_port" 65535
  expect_number rest-threads "$rest_threads" 1024
  expect_number poll-seconds "$poll_seconds" 86400
  expect_number cores "$cores" 256
  ((rest_port == 0)) || echo "build.sh: warning: requests to port $rest_port and their answers leave the enclave in the clear" >&2
  definitions=("server_binary=$server" "model_name=$model_name" "broker=$broker" "grpc_port=$grpc_port" "rest_port=$rest_port"
    "rest_threads=$rest_threads" "poll_seconds=$poll_seconds" "cores=$cores")
else
  [[ -f $program/node_modules/sealserve/dist/main.js ]] || fail "--program: '$program' is not what sealserve image makes"
  [[ ! -e $program/node_modules/@sealserve/simulator ]] || fail "--program: $program holds the simulator"
  [[ -n $config ]] || fail '--config is missing'
  expect_file config "$config"
  ! grep -q 'simulated' "$config" || fail "--config: $config names a simulated platform; in an enclave write 'platform: gramine'"
  grep -Eq '^package: */sealed *(#.*)?$' "$config" || fail "--config: $config must say 'package: /sealed'"
  grep -q 'ca: *broker-ca\.pem' "$config" || fail "--config: $config must say 'ca: broker-ca.pem' for the broker"
  expect_path node "$node"
  expect_file node "$node"
  [[ $("$node" --version) == v24.* ]] || fail "--node: $node is not Node 24"
  expect_number heap-mib "$heap_mib" 1048576
  definitions=("node_binary=$node" "heap_mib=$heap_mib")
fi
definitions+=("arch_libdir=$arch_libdir" "enclave_size=$enclave_size" "max_threads=$max_threads" "isv_prod_id=$isv_prod_id"
  "isv_svn=$isv_svn")

for tool in gramine-manifest gramine-sgx-sign; do
  command -v "$tool" >/dev/null || fail "$tool is not installed"
done
if $check; then
  echo "build.sh: everything needed is there" >&2
  exit 0
fi

# Either the whole folder or none of it.
staging=$out.partial-$$
trap 'rm -rf "$staging"' EXIT
mkdir -p "$staging"
if [[ $kind == tensorflow-serving ]]; then
  mkdir -p "$staging/models/$model_name"
  cp "$ca" "$staging/ca.crt"
else
  mkdir -p "$staging/config" "$staging/sealed"
  cp -R "$program" "$staging/program"
  cp "$config" "$staging/config/serve.yaml"
  cp "$ca" "$staging/config/broker-ca.pem"
fi
signer=()
[[ -z $key ]] || signer=(--key "$(realpath "$key")")
(
  cd "$staging"
  gramine-manifest "${definitions[@]/#/-D}" "$here/$kind.manifest.template" "$kind.manifest"
  gramine-sgx-sign "${signer[@]}" --manifest "$kind.manifest" --output "$kind.manifest.sgx" >&2
)
mv "$staging" "$out"

if [[ $kind == tensorflow-serving ]]; then
  echo "build.sh: put the encrypted files into $out/models/$model_name and $out/ssl.cfg" >&2
else
  echo "build.sh: put the sealed package into $out/sealed" >&2
fi
echo "build.sh: the policy that accepts it: npx sealserve sigstruct $out/$kind.sig" >&2
echo "build.sh: start it: cd $out && gramine-sgx $kind" >&2
