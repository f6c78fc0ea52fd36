# A full disk behind stdout is a failure, not a silent loss.
[ -e /dev/full ] || skip "no /dev/full here"
vitrail help >/dev/full
echo "status $?"
vitrail --version >/dev/full
echo "status $?"
