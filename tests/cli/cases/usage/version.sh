vitrail --version
