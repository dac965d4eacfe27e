#!/bin/bash
# Ports that come and go, on a real kernel in an emulator: builds busker and runs ports.sh in there.
# usage: tests/vm/run.sh        BUSKER_VM: the emulator's script, default ../shared/tools/vm/vm.sh beside the project
#                               BUSKER_BINARY: a busker that is already built
# The script needs two verbs: `build`, and `run COMMAND`, which runs COMMAND in its folder share/ (VM_HOME/share) and
# exits with its status.
set -eu
cd "$(dirname "$0")/../.."
vm=${BUSKER_VM:-../shared/tools/vm/vm.sh}
if [ ! -f "$vm" ]; then
    echo "test-vm: there is no emulator at $vm: set BUSKER_VM to its script" >&2
    exit 2
fi
export VM_HOME=${VM_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/busker-vm}
binary=${BUSKER_BINARY:-}
if [ -z "$binary" ]; then
    ${CARGO:-cargo} build --release
    binary=${CARGO_TARGET_DIR:-target}/release/busker
fi
[ -e "$VM_HOME/kernel-amd64.img" ] || bash "$vm" build
cp "$binary" "$VM_HOME/share/busker"
cp tests/vm/ports.sh tests/vm/gadget.sh "$VM_HOME/share/"
VM_TIMEOUT=${VM_TIMEOUT:-900} bash "$vm" run 'bash ports.sh'
