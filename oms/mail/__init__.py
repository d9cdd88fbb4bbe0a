"""Mail that leaves the house: a row a mail, written with what it is about, sent once, seen by who may see its customer."""
