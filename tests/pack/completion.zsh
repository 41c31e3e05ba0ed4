#!/bin/zsh
# SPDX-License-Identifier: GPL-2.0-only
#
# What zsh offers at the end of command lines: completion.zsh FOLDER, where FOLDER is where the
# completion lies. Reads lines, and answers each with the matches and a line with a dot. An
# interactive shell runs on a terminal of its own, and tells matches to a file.
zmodload zsh/zpty || exit
work=$(mktemp -d)
trap 'zpty -d shell; rm -rf $work' EXIT
capture=$work/capture
cat > $work/setup <<'END'
PROMPT=
autoload -Uz compinit
compinit -u -D
zstyle ':completion:*' insert-tab false
begin_capture() { : > $CAPTURE.part }
end_capture() {
	compstate[insert]=
	compstate[list]=
	mv $CAPTURE.part $CAPTURE
}
compadd() {
	local -a __hits
	if (( ! ${@[(I)-[OAD]*]} )); then
		builtin compadd -A __hits "$@"
		(( $#__hits )) && print -rl -- $IPREFIX$^__hits >> $CAPTURE.part
	fi
	builtin compadd "$@"
}
: > $CAPTURE
END

# wait_for FILE: until the shell has made it
wait_for() {
	repeat 1000; do
		[[ -e $1 ]] && return
		zpty -rt shell noise
		sleep .02
	done
	exit 1
}

zpty shell "CAPTURE=$capture TERM=dumb zsh -f -i"
zpty -w shell "fpath=(${(q)1:A} \$fpath); source $work/setup"
wait_for $capture
while IFS= read -r line; do
	rm -f $capture
	# Begin with an empty line. The hooks are used up by each completion.
	zpty -w shell "compprefuncs=(begin_capture) comppostfuncs=(end_capture)"
	zpty -w -n shell "$line"$'\t'
	wait_for $capture
	sort -u $capture
	print -r -- .
	zpty -w -n shell $'\x15'
done
