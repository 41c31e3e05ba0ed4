#!/usr/bin/awk -f
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes a header of what the compiler said of features.c; features.mk has the whole picture.
#
#	awk -f features.awk features.c Module.symvers LOG

# Where each test begins, in the order of the file.
FILENAME ~ /\.c$/ && match($0, /^(HAS|NEEDS|EXPORTED)\([a-z_0-9]+/) {
	n++
	name[n] = kind[n] = substr($0, 1, RLENGTH)
	sub(/\(.*/, "", kind[n])
	sub(/^.*\(/, "", name[n])
	begin[n] = FNR
	if (match($0, /"[^"]*"/))
		what[n] = substr($0, RSTART + 1, RLENGTH - 2)
}

FILENAME ~ /symvers$/ {
	symvers = 1
	exported[$2] = 1
}

FILENAME ~ /\.log$/ && /: (fatal )?error: / {
	line = 0
	if (match($0, /features\.c:[0-9]+:/))
		line = substr($0, RSTART + 11, RLENGTH - 12) + 0
	for (i = n; i && begin[i] > line; i--)
		;
	if (i)
		failed[i] = 1
	else if (!trouble)
		trouble = $0
}

END {
	if (!n)
		trouble = "no tests in features.c"
	for (i = 1; i <= n; i++)
		if (kind[i] == "NEEDS" && failed[i])
			lacks = lacks (lacks ? ", " : "") what[i]
	if (lacks && !trouble)
		trouble = "ipcns needs a kernel with " lacks
	else if (trouble)
		trouble = "ipcns cannot use the headers of this kernel: " trouble
	if (trouble) {
		print trouble > "/dev/stderr"
		exit 1
	}
	print "/* What the kernel's headers have, found out by the build: see kmod/features.c. */"
	for (i = 1; i <= n; i++) {
		if (kind[i] == "NEEDS")
			continue
		has = kind[i] == "EXPORTED" && symvers ? exported[name[i]] : !failed[i]
		print "#define IPCNS_HAS_" toupper(name[i]), has ? 1 : 0
		interfaces = interfaces (interfaces ? " " : "") (has ? "" : "-") name[i] ":" what[i]
	}
	print "#define IPCNS_INTERFACES \"" interfaces "\""
}
