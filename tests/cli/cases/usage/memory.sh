# A ceiling for memory holds for every command; too little is said in one line.
recording scan.npy 8 8 64 64
vitrail map scan.npy -o map.h5 --memory 200M --quiet
status_of vitrail map scan.npy -o little.h5 --memory 100k
status_of vitrail info scan.npy --memory much
files
