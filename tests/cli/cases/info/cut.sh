# A recording that ends early: what is there can be used, and it is said what is missing.
recording scan.npy 3 4 32 24 uint16
head -c 15000 scan.npy >cut.npy
vitrail info cut.npy
vitrail convert cut.npy rest.npy
vitrail info rest.npy | grep scan
