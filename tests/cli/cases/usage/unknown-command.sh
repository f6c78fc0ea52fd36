status_of vitrail maps
status_of vitrail help maps
status_of vitrail --fast
