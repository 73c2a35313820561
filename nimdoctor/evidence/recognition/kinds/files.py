"""Configuration files and certificates."""

from nimdoctor.evidence.recognition.kinds.form import COMMENT, Form, Origin, Sign, TextKind

_SOCKET = r"(?:stream|dgram|raw|rdm|seqpacket|sunrpc_tcp|sunrpc_udp)"
NIMINFO = TextKind(
    "/etc/niminfo",
    ("/etc/niminfo",),
    (
        Form(
            "assignments of a shell, exported; NIM_HOSTS and ROUTES may wrap inside their quotes",
            "#------------------ Network Install Manager ---------------\nexport NIM_NAME=lpar7\n"
            'export NIM_HOSTS=" 127.0.0.1:loopback:localhost 10.1.1.7:lpar7 "\nexport ROUTES=" default:0:10.1.1.1 "',
            (
                Sign(r"^[ \t]*export NIM_\w+=", 1, 30),
                Sign(r"^[ \t]*NIM_(?:NAME|MASTER\w*|HOST\w*|SHELL|CONFIGURATION)=", 0.7, 20),
            ),
            Origin.RECORDED,
            "A",
            "fixtures of Facter; IBM docs",
        ),
    ),
    lines=(COMMENT, r"^[ \t]*(?:export[ \t]+)?[A-Z][A-Z0-9_]*="),
    opens=r"^[ \t]*(?:export[ \t]+)?\w+=(?:\"[^\"\n]*|'[^'\n]*)$",
    closes=r"[\"']",
    once=r"^[ \t]*(?:export[ \t]+)?NIM_NAME=",
    ends=True,
)
INETD_CONF = TextKind(
    "/etc/inetd.conf",
    ("/etc/inetd.conf",),
    (
        Form(
            "a row for each service; # before it is off; wait may be SRC",
            "ftp     stream  tcp6    nowait  root    /usr/sbin/ftpd   ftpd\n"
            "#tftp   dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n",
            (
                Sign(
                    rf"^[#\t ]*[\w.-]+[ \t]+{_SOCKET}[ \t]+(?:tcp|udp)\d?[ \t]+(?:wait|nowait|SRC)[\w.]*[ \t]+\w+",
                    2,
                    60,
                ),
            ),
            Origin.IBM,
            "A",
            "IBM docs, inetd.conf File Format; CIS and STIG texts",
        ),
    ),
    lines=(COMMENT, rf"^[ \t]*\S+[ \t]+{_SOCKET}[ \t]"),
    ends=True,
)
SERVICES = TextKind(
    "/etc/services",
    ("/etc/services",),
    (
        Form(
            "name, port and protocol, aliases",
            "nimsh            3901/tcp        # NIM Service Handler\n#nimaux           3902/tcp",
            (
                Sign(r"^[ \t]*#?[ \t]*[\w.+-]+[ \t]+\d{1,5}/(?:tcp|udp)\b", 0.7, 60),
                # a row of a port that NIM has says enough alone
                Sign(r"^[ \t]*[\w.+-]+[ \t]+390[12]/tcp\b", 1.3, 4),
            ),
            Origin.IBM,
            "A",
            "IBM docs, services File Format",
        ),
    ),
    lines=(COMMENT,),
    ends=True,
)
HOSTS = TextKind(
    "/etc/hosts",
    ("/etc/hosts",),
    (
        Form(
            "address and names",
            "127.0.0.1       loopback localhost\n10.1.1.7        lpar7.example.com lpar7",
            (
                Sign(r"^[ \t]*(?:127\.0\.0\.1|::1)[ \t]+(?:loopback|localhost)\b", 2, 2),
                Sign(
                    r"^[ \t]*\d{1,3}(?:\.\d{1,3}){3}[ \t]+[A-Za-z][\w.-]*(?:[ \t]+[A-Za-z][\w.-]*)*[ \t]*(?:#.*)?$",
                    1,
                    40,
                ),
            ),
            Origin.IBM,
            "A",
            "IBM docs, hosts File Format",
        ),
    ),
    lines=(COMMENT, r"^[ \t]*[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+[ \t]+[A-Za-z]"),
    ends=True,
)
TFTPACCESS = TextKind(
    "/etc/tftpaccess.ctl",
    ("/etc/tftpaccess.ctl",),
    (
        Form(
            "allow: and deny: with a path",
            "allow:/ssl_nimsh/certs\ndeny:/etc",
            (Sign(r"^[ \t]*(?:allow|deny):[ \t]*/\S*[ \t]*$", 2, 20),),
            Origin.IBM,
            "A",
            "IBM docs, tftpd Daemon",
        ),
    ),
    lines=(COMMENT,),
    ends=True,
)
NETSVC = TextKind(
    "/etc/netsvc.conf",
    ("/etc/netsvc.conf",),
    (
        Form(
            "the order in which names are looked up",
            "hosts = local, bind",
            (Sign(r"^[ \t]*hosts?[ \t]*=[ \t]*(?:local|bind|nis|ldap)\d?(?:=auth)?(?:[ \t]*,.*)?$", 2, 4),),
            Origin.IBM,
            "A",
            "IBM docs, netsvc.conf File Format",
        ),
    ),
    lines=(COMMENT, r"^[ \t]*\w+[ \t]*=[ \t]*\w"),
    ends=True,
)
RHOSTS = TextKind(
    "/.rhosts",
    ("/.rhosts",),
    (
        Form(
            "a host, and a user behind it; known by the file's name only",
            "nim1 root",
            (Sign(r"^[ \t]*(?:\+|[\w.-]+)(?:[ \t]+[\w+.-]+)?[ \t]*$"),),
            Origin.IBM,
            "A",
            "IBM docs, .rhosts File Format",
        ),
    ),
    lines=(COMMENT,),
)
CERTIFICATE = TextKind(
    "pem",
    ("/ssl_nimsh/certs/*",),
    (
        Form(
            "blocks of a PEM file; a private key among them is never kept",
            "-----BEGIN CERTIFICATE-----",
            (Sign(r"^[ \t]*-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----", 3, 60),),
            Origin.STANDARD,
            "A",
            "RFC 7468; of NIM's own no public one was seen",
        ),
    ),
    # of a private key nimdoctor leaves one line that says so
    lines=(r"^[ \t]*-----(?:END |PRIVATE KEY REMOVED-----)", r"^[ \t]*[A-Za-z0-9+/=]{16,}[ \t]*$"),
    # the last line of a block may be a short one
    opens=r"^[ \t]*-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----",
    closes=r"-----END ",
)
CERTIFICATE_TEXT = TextKind(
    "openssl x509",
    ("openssl x509 -noout -text -nameopt RFC2253 -pubkey -fingerprint -sha256 -in CERTIFICATE",),
    (
        Form(
            "the certificate in words, or its dates",
            "            Not Before: Mar 14 10:05:04 2025 GMT\n            Not After : Mar 12 10:05:04 2035 GMT\nnotAfter=Mar 12 10:05:04 2035 GMT",
            (
                Sign(r"^[ \t]*Not (?:Before|After) ?: [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT", 1, 20),
                Sign(r"^not(?:Before|After)=[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT", 1, 20),
            ),
            Origin.STANDARD,
            "A",
            "OpenSSL itself",
        ),
    ),
    lines=(
        r"^[ \t]*(?:Certificate|Data|Validity|Version|Serial Number|Issuer|Subject|Signature Algorithm|Modulus|Exponent)\b",
        r"^[ \t]*(?:Subject Public Key Info|Public Key Algorithm|(?:RSA )?Public-Key|X509v3 )",
        r"^[ \t]+(?:[0-9a-f]{2}:)+[0-9a-f]*",
        r"^(?:issuer|subject|serial|\w+ Fingerprint)[ =]",
        r"^[ \t]*-----(?:BEGIN|END) PUBLIC KEY-----",
        r"^[A-Za-z0-9+/=]{16,}[ \t]*$",
    ),
)
TEMPLATE = TextKind(
    "cnf",
    ("/ssl_nimsh/configs/*", "/usr/samples/nim/ssl/*"),
    (
        Form(
            "a configuration of OpenSSL, in a file named SSL_root.cnf, SSL_server.cnf or SSL_client.cnf",
            "[ req ]\ndefault_bits = 2048\ndistinguished_name = req_distinguished_name",
            (
                Sign(r"^\[[ \t]*\w+[ \t]*\]", 0.5, 2),
                Sign(r"^(?:default_bits|default_md|default_days|distinguished_name|commonName)\b.*=", 1, 5),
            ),
            Origin.STANDARD,
            "C",
            "the form is OpenSSL's; the names are in the guide",
        ),
    ),
    lines=(COMMENT, r"^[ \t]*[\w.]+[ \t]*="),
)
FILE_KINDS = (
    NIMINFO, INETD_CONF, SERVICES, HOSTS, TFTPACCESS, NETSVC, RHOSTS, CERTIFICATE, CERTIFICATE_TEXT, TEMPLATE,
)  # fmt: skip
