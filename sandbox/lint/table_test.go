package lint_test

// sound are Containerfiles that the file alone decides. SEED is the seed image
// with its digest; they are built for real in build_test.go.
var sound = map[string]string{
	"one stage":                "FROM SEED\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\n",
	"scratch":                  "FROM scratch\nLABEL a=b\n",
	"two stages":               "FROM SEED AS one\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\nFROM SEED\nCOPY --from=one /etc/x /etc/x\n",
	"copy by number":           "FROM SEED\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\nFROM SEED\nCOPY --from=0 /etc/x /etc/x\n",
	"stage from a stage":       "FROM SEED AS one\nENV A=1\nFROM one AS two\nLABEL a=b\n",
	"upper case stage":         "FROM SEED AS Tools\nFROM SEED\nCOPY --from=Tools /bin/seed /bin/other\n",
	"copy from a pinned image": "FROM SEED\nCOPY --from=SEED /bin/seed /bin/other\n",
	"build platform":           "FROM --platform=$BUILDPLATFORM SEED AS tools\nFROM SEED\nCOPY --from=tools /etc/passwd /etc/other\n",
	"arg before from":          "ARG BASE=SEED\nFROM ${BASE}\nLABEL a=b\n",
	"arg with default":         "FROM SEED\nARG TEXT=hello\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"$TEXT\"]\n",
	"arg with global default":  "ARG TEXT=hello\nFROM SEED\nARG TEXT\nLABEL text=$TEXT\n",
	"arg that nobody uses":     "FROM SEED\nARG UNUSED\nLABEL a=b\n",
	"arg of the builder":       "FROM SEED\nARG TARGETARCH\nLABEL arch=$TARGETARCH\n",
	"line continuations":       "FROM SEED\nRUN [\"/bin/seed\", \\\n  # a comment between\n  \"write\", \"/etc/x\", \\\n  \"y\"]\n",
	"escape directive":         "# escape=`\nFROM SEED\nRUN [\"/bin/seed\", `\n  \"write\", \"/etc/x\", \"y\"]\n",
	"comments":                 "# COPY . /\n# FROM ubuntu\n\nFROM SEED\n  # ADD x /\nLABEL a=b\n",
	"CRLF":                     "FROM SEED\r\nLABEL a=b\r\nRUN [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\r\n",
	"lower case":               "from SEED as one\nlabel a=b\n",
	"epoch":                    "ARG SOURCE_DATE_EPOCH=1785801600\nFROM SEED\nLABEL a=b\n",
	"mount from a stage":       "FROM SEED AS one\nFROM SEED\nRUN --mount=type=bind,from=one,target=/mnt --mount=type=tmpfs,target=/run [\"/bin/seed\", \"write\", \"/etc/x\", \"y\"]\n",
}

// unsound are Containerfiles that something else decides too, or that an
// engine cannot build; each with the rule it breaks and the line.
var unsound = map[string]struct {
	text, rule string
	line       int
}{
	"copy from the context":       {"FROM SEED\nCOPY . /src\n", "copy-from-context", 2},
	"copy of a Windows path":      {"# escape=`\nFROM SEED\nCOPY C:\\src `\n  C:\\dst\n", "copy-from-context", 3},
	"copy in an early stage":      {"FROM SEED AS one\nLABEL a=b\nCOPY x /x\nFROM SEED\n", "copy-from-context", 3},
	"add from the context":        {"FROM SEED\n\nADD src.tar.gz /\n", "copy-from-context", 3},
	"add of a URL":                {"FROM SEED\nADD https://example.com/x.tar.gz /\n", "add-without-checksum", 2},
	"add of a repository":         {"FROM SEED\nADD git@github.com:a/b.git /src\n", "add-without-checksum", 2},
	"add with a checksum":         {"FROM SEED\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/x /\n", "add-checksum", 2},
	"from without digest":         {"FROM ubuntu:24.04\n", "from-without-digest", 1},
	"from by a short digest":      {"FROM ubuntu@sha256:c4a8d5503dfb\n", "", 1},
	"from an arg, not pinned":     {"ARG VERSION=24.04\nFROM ubuntu:$VERSION\n", "from-without-digest", 2},
	"from an arg without default": {"ARG BASE\nFROM $BASE\n", "arg-without-default", 2},
	"copy from an image by tag":   {"FROM SEED\nCOPY --from=busybox:1 /bin/sh /bin/sh\n", "from-without-digest", 2},
	"copy from a later stage":     {"FROM SEED\nCOPY --from=late /x /x\nFROM SEED AS late\n", "from-without-digest", 2},
	"arg without default":         {"FROM SEED\nARG VERSION\nLABEL version=${VERSION}\n", "arg-without-default", 2},
	"secret":                      {"FROM SEED\nRUN --mount=type=secret,id=token [\"/bin/seed\", \"show\", \"/run/secrets/token\"]\n", "mount-of-secret", 2},
	"ssh":                         {"FROM SEED\nRUN --mount=type=ssh [\"/bin/seed\", \"arch\"]\n", "mount-of-secret", 2},
	"bind of the context":         {"FROM SEED\nRUN --mount=target=/src [\"/bin/seed\", \"arch\"]\n", "mount-from-context", 2},
	"syntax line":                 {"# syntax=docker/dockerfile:1\nFROM SEED\n", "syntax-without-digest", 1},
	"heredoc":                     {"FROM SEED\nRUN <<EOF\n/bin/seed arch\nEOF\n", "heredoc", 2},
	"stage in another case":       {"FROM SEED AS Tools\nFROM SEED\nCOPY --from=tools /bin/seed /x\n", "stage-name-case", 3},
	"copy --link":                 {"FROM SEED AS one\nFROM SEED\nCOPY --link --from=one /bin/seed /x\n", "copy-link", 3},
	"platform of the last stage":  {"FROM --platform=linux/amd64 SEED\nLABEL a=b\n", "platform-of-last-stage", 1},
}
