#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# box-init as the entry point of an OCI bundle: the same static binary under runc and crun, without
# anything of boxctl, as root of a read-only tree.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh disable=SC2016
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
[ -x "$BOXINIT" ] || { echo "Bail out! $BOXINIT is missing: build it first"; exit 1; }
command -v runc >/dev/null || { echo "1..0 # SKIP runc, which writes the bundle's config, is not installed"; exit 0; }
work=$(tmpdir)
root=$work/rootfs
mkdir -p "$root"/{bin,etc,proc,dev,sys,run,tmp}
cp "$BOXINIT" "$root/box-init"
cp "$(command -v busybox)" "$root/bin/busybox" || { echo "1..0 # SKIP busybox is not installed"; exit 0; }
for tool in sh sleep echo kill cat; do ln -s busybox "$root/bin/$tool"; done
(cd "$work" && runc spec)
cp "$work/config.json" "$work/spec.json"

# config WORD...: the bundle runs these words below a /run of its own
config() {
    python3 - "$work" "$@" <<'PY'
import json, sys
work, words = sys.argv[1], sys.argv[2:]
with open(f"{work}/spec.json") as file:
    spec = json.load(file)
spec["process"].update(terminal=False, args=words)
spec["root"] = {"path": "rootfs", "readonly": True}
# crun refuses to show cgroups of the hybrid layout
spec["mounts"] = [m for m in spec["mounts"] if m["type"] != "cgroup"]
spec["linux"]["namespaces"] = [n for n in spec["linux"]["namespaces"] if n["type"] != "cgroup"]
spec["mounts"].append({"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]})
with open(f"{work}/config.json", "w") as file:
    json.dump(spec, file)
PY
}

# runtime: the words that start it; crun refuses the hybrid cgroup layout, so it gets to see none
blind='mount -t tmpfs none /sys/fs/cgroup && exec "$@"'
declare -a runtime
count=0
use() {
    case $1 in
        runc) runtime=(runc --root "$work/runc") ;;
        crun) runtime=(unshare --mount sh -c "$blind" - crun --root "$work/crun" --cgroup-manager=disabled) ;;
    esac
}
run() { count=$((count + 1)) && (cd "$work" && timeout 60 "${runtime[@]}" run "$(name)" </dev/null 2>&1); }
name() { echo "box-init-$$-$count"; }
start() {
    count=$((count + 1))
    rm -f "$work/out"
    (cd "$work" && exec "${runtime[@]}" run "$(name)" </dev/null >out 2>&1) &
    container=$!
    for ((tries = 0; tries < 400; tries++)); do
        ! grep -q ready "$work/out" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}
# end: waits for the container, which a stop that came to nothing must not keep for ever
end() {
    timeout 30 tail --pid="$container" -f /dev/null || "${runtime[@]}" kill "$(name)" KILL
    wait "$container"
}

for one in runc crun; do
    command -v "$one" >/dev/null || { skip "$one" "$one is not installed"; continue; }
    use "$one"
    config /bin/sh -c 'exit 7'
    run >"$work/out"
    status=$?
    # Control: what the runtime can do here without box-init.
    if [ "$status" != 7 ]; then
        skip "$one" "$one cannot run a container here: $(head -n 1 "$work/out")"
        continue
    fi
    config /box-init -- /bin/sh -c '[ $$ != 1 ] && read one </proc/1/comm; echo $one; exit 7'
    is "$one: box-init is PID 1, the command is not" "$(run)" box-init
    run >/dev/null
    is "$one: the exit status comes back" $? 7
    config /box-init -- /bin/sh -c 'kill -TERM $$'
    run >/dev/null
    is "$one: and 128 + signal" $? 143
    config /box-init -- /bin/sh -c 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
    start
    ok "$one: kill sends the stop" "${runtime[@]}" kill "$(name)" TERM
    end
    is "$one: the command's answer is the status" $? 5
    like "$one: and was heard" "$(cat "$work/out")" bye
    config /box-init --stop-timeout=0.2 -- /bin/sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    start
    "${runtime[@]}" kill "$(name)" TERM
    end
    is "$one: a deaf command is killed in the end" $? 137

    cat >"$root/etc/services.ini" <<'INI'
[Service setup]
Type=oneshot
ExecStart=/bin/echo set up
[Service web]
Requires=setup
ExecStart=/bin/sh -c "echo ready; exec sleep 1000"
INI
    config /box-init --services=/etc/services.ini
    start
    like "$one: services start in order" "$(xargs <"$work/out")" "setup . set up web . ready"
    is "$one: ctl inside" "$("${runtime[@]}" exec "$(name)" /box-init ctl status --json web 2>&1 | grep -c '"state":"up"')" 1
    "${runtime[@]}" kill "$(name)" TERM
    end
    is "$one: and stop with 0" $? 0
done

done_testing
