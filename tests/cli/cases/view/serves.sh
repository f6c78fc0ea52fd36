# The address, who may ask, and the end; and what cannot be looked at.
vitrail simulate rings -o scan.npy --scan 6x7 --pattern 64x64 >/dev/null
vitrail map scan.npy -o map.h5 >/dev/null 2>&1
vitrail help view | grep -q -- --port || echo "no --port"
vitrail view map.h5 scan.npy --json >address.json 2>said &
server=$!
until [ -s address.json ] || ! kill -0 "$server" 2>/dev/null; do sleep 0.05; done
if grep -q "built without libmicrohttpd" said; then skip "built without its server"; fi
"$PYTHON" - <<'TXT'
import json
import urllib.error
import urllib.request

address = json.load(open("address.json"))["address"]


def ask(path, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(path, headers=headers), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)["error"]


status, summary = ask(address + "api/summary")
summary = json.loads(summary)
print(status, summary["map_file"], summary["recording"], summary["scan"], summary["detector"])
print(*ask(address + "api/pattern?y=6&x=0"))
print(*ask(address + "../scan.npy"))
print(*ask(address[:-2] + "/api/summary"))
print(*ask(address + "api/summary", Host="example.org"))
TXT
kill -s INT "$server"
wait "$server"
echo "status $?"
cat said
status_of vitrail view map.h5 map.h5
status_of vitrail view scan.npy scan.npy
status_of vitrail view missing.h5
status_of vitrail view
status_of vitrail view map.h5 --port 70000
vitrail simulate rings -o other.npy --scan 5x7 --pattern 64x64 >/dev/null
status_of vitrail view map.h5 other.npy
rm -f ./*.npy ./*.json said
files
