"""RFC 7616, RFC 8760, RFC 3261 section 22, RFC 2617"""

from __future__ import annotations

import hashlib

import pytest

from responder.errors import ParseError
from responder.sip.digest import (
    ALGORITHMS,
    Challenge,
    Credentials,
    authentication_info,
    challenges,
    ha1_of,
    is_known,
    opaque_of,
    response_of,
    rspauth,
    userhash_of,
    verify,
)
from responder.sip.digest_cause import cause_of

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


class TestVectors:
    """RFC 7616 section 3.9, RFC 2617 section 3.5"""

    @pytest.mark.parametrize(
        ("algorithm", "expected"),
        [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ],
    )
    def test_md5_and_sha_256(self, algorithm: str, expected: str) -> None:
        text = (
            f'Digest username="Mufasa",\r\n    realm="http-auth@example.org",\r\n    uri="/dir/index.html", '
            f'algorithm={algorithm}, nonce="{NONCE}", nc=00000001, cnonce="{CNONCE}", qop=auth, '
            f'response="{expected}", opaque="{OPAQUE}"'
        ).replace("\r\n", "")
        credentials = Credentials.parse(text)
        challenge = Challenge(
            realm="http-auth@example.org", nonce=NONCE, algorithm=algorithm, qop=("auth", "auth-int"), opaque=OPAQUE
        )
        assert (
            verify(credentials, method="GET", uri="/dir/index.html", password="Circle of Life", challenge=challenge)
            == []
        )

    def test_sha_512_256(self) -> None:
        """Section 3.9.2, whose vector was made with SHA-512 cut to 256 bits; the algorithm is FIPS 180-4's."""
        username, realm = "J\xe4s\xf8n Doe", "api@example.org"

        def cut(text: str) -> str:
            return hashlib.sha512(text.encode()).hexdigest()[:64]

        assert cut(f"{username}:{realm}") == "488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec"
        ours = userhash_of(algorithm="SHA-512-256", username=username, realm=realm)
        assert ours == hashlib.new("sha512_256", f"{username}:{realm}".encode()).hexdigest()
        assert ours == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"

    def test_sha_512_256_of_a_hashed_user(self) -> None:
        """Section 3.9.2 with the algorithm of FIPS 180-4: `userhash`, and the user name in UTF-8."""
        realm, nonce, cnonce = (
            "api@example.org",
            "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
            "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
        )
        name, h = "J\xe4s\xf8n Doe", lambda text: hashlib.new("sha512_256", text.encode()).hexdigest()
        hashed = userhash_of(algorithm="SHA-512-256", username=name, realm=realm)
        a1, a2 = h(f"{name}:{realm}:Secret, or not?"), h("GET:/doe.json")
        text = (
            f'Digest username="{hashed}", realm="{realm}", uri="/doe.json", algorithm=SHA-512-256, nonce="{nonce}", '
            f'nc=00000001, cnonce="{cnonce}", qop=auth, response="{h(f"{a1}:{nonce}:00000001:{cnonce}:auth:{a2}")}", '
            f'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", userhash=true'
        )
        credentials = Credentials.parse(text)
        assert verify(credentials, method="GET", uri="/doe.json", password="Secret, or not?", username=name) == []

    def test_rfc_2617(self) -> None:
        ha1 = ha1_of(algorithm="", username="Mufasa", realm="testrealm@host.com", password="Circle Of Life")
        assert ha1 == "939e7578ed9e3c518a452acee763bce9"
        common = {"algorithm": "MD5", "ha1": ha1, "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093", "method": "GET"}
        with_qop = response_of(**common, uri="/dir/index.html", qop="auth", nc="00000001", cnonce="0a4f113b")
        assert with_qop == "6629fae49393a05397450978507c4ef1"
        # RFC 2069's way, computed with the same names
        plain = hashlib.md5(f"{ha1}:{common['nonce']}:{hashlib.md5(b'GET:/dir/index.html').hexdigest()}".encode())
        assert response_of(**common, uri="/dir/index.html") == plain.hexdigest()

    def test_session_keys(self) -> None:
        """Section 3.4.2"""
        ha1 = ha1_of(algorithm="SHA-256-sess", username="u", realm="r", password="p")
        assert ha1 == hashlib.sha256(b"u:r:p").hexdigest()
        session = hashlib.sha256(f"{ha1}:n:c".encode()).hexdigest()
        common = {"nonce": "n", "method": "INVITE", "uri": "sip:a", "qop": "auth", "nc": "00000001", "cnonce": "c"}
        assert response_of(algorithm="SHA-256-sess", ha1=ha1, **common) == response_of(
            algorithm="sha-256", ha1=session, **common
        )

    def test_integrity_of_an_empty_body(self) -> None:
        """RFC 8760 section 2.6 item 7"""
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ha2 = hashlib.sha256(f"REGISTER:sip:a:{empty}".encode()).hexdigest()
        expected = hashlib.sha256(f"h:n:00000001:c:auth-int:{ha2}".encode()).hexdigest()
        assert expected == response_of(
            algorithm="SHA-256", ha1="h", nonce="n", method="REGISTER", uri="sip:a", qop="auth-int", nc="00000001",
            cnonce="c",
        )  # fmt: skip

    def test_unknown_algorithm(self) -> None:
        assert not is_known("SHA-1024")
        with pytest.raises(ValueError, match="SHA-1024"):
            ha1_of(algorithm="SHA-1024", username="u", realm="r", password="p")

    @pytest.mark.parametrize("algorithm", [*ALGORITHMS, "", "md5", "sha-256-SESS"])
    def test_known_algorithms(self, algorithm: str) -> None:
        assert is_known(algorithm)


CHALLENGES = [
    ('Digest realm="atlanta.com", nonce="84a4cc6f3082121f32b42a2187831a9e", algorithm=MD5, qop="auth"',
     Challenge(realm="atlanta.com", nonce="84a4cc6f3082121f32b42a2187831a9e", algorithm="MD5")),
    ('Digest realm="a \\"b\\"", domain="sip:x sip:y", nonce="n", opaque="", stale=true, qop="auth,auth-int"',
     Challenge(realm='a "b"', nonce="n", domain=("sip:x", "sip:y"), opaque="", stale=True, qop=("auth", "auth-int"))),
    ('Digest realm="r", nonce="n", charset=UTF-8, userhash=true',
     Challenge(realm="r", nonce="n", qop=(), charset="UTF-8", userhash=True)),
]  # fmt: skip


class TestChallenges:
    """RFC 7616 section 3.3"""

    @pytest.mark.parametrize(("text", "challenge"), CHALLENGES)
    def test_in_both_directions(self, text: str, challenge: Challenge) -> None:
        assert Challenge.parse(text) == challenge
        assert str(challenge) == text

    def test_several_in_one_field(self) -> None:
        text = 'Newauth realm="x", type=1, Digest realm="a", nonce="1", Basic YWJj, digest  nonce="2",realm="b,c"'
        assert [(found.realm, found.nonce) for found in challenges(text)] == [("a", "1"), ("b,c", "2")]

    def test_other_schemes_only(self) -> None:
        assert challenges("Negotiate") == []
        assert challenges('Basic realm="x"') == []
        with pytest.raises(ParseError):
            Challenge.parse('Basic realm="x"')

    @pytest.mark.parametrize(
        "text",
        ["Digest", 'Digest realm="a"', 'Digest nonce="a"', 'Digest realm="a, nonce="b"', 'Digest realm="a", realm="b"',
         "Digest realm=a nonce=b", 'Digest realm="a",,nonce="b"', "", '="x"'],
    )  # fmt: skip
    def test_malformed(self, text: str) -> None:
        with pytest.raises(ParseError):
            Challenge.parse(text)


def credentials(**changes: object) -> Credentials:
    values: dict[str, object] = {
        "username": "bob", "realm": "r", "nonce": "n", "uri": "sip:a@b", "algorithm": "SHA-256", "qop": "auth",
        "nc": "00000002", "cnonce": "c", "opaque": "o", "response": "",
    }  # fmt: skip
    values |= {"response": right(**changes)} | changes
    return Credentials(**values)  # type: ignore[arg-type]


def right(**changes: object) -> str:
    algorithm = str(changes.get("algorithm", "SHA-256"))
    if not is_known(algorithm):
        return "x"
    names = {"nonce": "n", "uri": "sip:a@b", "qop": "auth", "nc": "00000002", "cnonce": "c"}
    given = {name: str(changes.get(name, value)) for name, value in names.items()}
    ha1 = ha1_of(algorithm=algorithm, username="bob", realm=str(changes.get("realm", "r")), password="secret")
    return response_of(algorithm=algorithm, ha1=ha1, method="INVITE", body=b"body", **given)


class TestCredentials:
    """RFC 7616 section 3.4"""

    def test_in_both_directions(self) -> None:
        text = (
            'Digest username="bob", realm="biloxi.com", nonce="dcd9", uri="sip:bob@biloxi.com", response="6629", '
            'algorithm=MD5, opaque="5ccc", qop=auth, nc=00000001, cnonce="0a4f113b", userhash=true'
        )
        parsed = Credentials.parse(text)
        assert str(parsed) == text
        assert Credentials.parse(str(parsed)) == parsed
        assert (parsed.username, parsed.nc, parsed.userhash) == ("bob", "00000001", True)

    def test_least(self) -> None:
        parsed = Credentials.parse('digest USERNAME="",realm="",nonce="",uri="sip:a",response=""')
        assert (parsed.algorithm, parsed.qop, parsed.opaque) == ("", "", None)
        assert Credentials.parse(str(parsed)) == parsed

    def test_extended_user_name(self) -> None:
        """Section 3.9.2"""
        text = 'Digest username*=UTF-8\'\'J%C3%A4s%C3%B8n%20Doe, realm="r", nonce="n", uri="/", response="x"'
        assert Credentials.parse(text).username == "J\xe4s\xf8n Doe"

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            ("NoOneKnowsThisScheme opaque-data=here", 401),
            ("Basic YWJj", 401),
            ("Digest", 400),
            ("", 401),
            ('Digest username="a", realm="b", nonce="c", uri="d"', 400),
            ('Digest username="a", realm="b", nonce="c", response="d"', 400),
            ('Digest username="a", username="b", realm="b", nonce="c", uri="d", response="e"', 400),
            ('Digest username="a, realm="b"', 400),
        ],
    )
    def test_malformed(self, text: str, status: int) -> None:
        with pytest.raises(ParseError) as caught:
            Credentials.parse(text)
        assert caught.value.status == status


class TestVerify:
    """RFC 7616 sections 3.4.6, 3.4.7; RFC 8760 section 2.6"""

    CHALLENGE = Challenge(realm="r", nonce="n", algorithm="SHA-256", qop=("auth", "auth-int"), opaque="o")

    def names(self, sent: Credentials, **options: object) -> list[str]:
        values: dict[str, object] = {
            "method": "INVITE", "uri": "sip:a@b", "body": b"body", "password": "secret", "username": "bob",
            "challenge": self.CHALLENGE, "last_nc": 1,
        }  # fmt: skip
        return [difference.name for difference in verify(sent, **(values | options))]  # type: ignore[arg-type]

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    @pytest.mark.parametrize("qop", ["auth", "auth-int"])
    def test_right(self, algorithm: str, qop: str) -> None:
        challenge = Challenge(realm="r", nonce="n", algorithm=algorithm, qop=(qop,), opaque="o")
        assert self.names(credentials(algorithm=algorithm, qop=qop), challenge=challenge) == []

    @pytest.mark.parametrize(
        ("changes", "names"),
        [
            ({"realm": "x"}, ["realm"]),
            ({"nonce": "x"}, ["nonce"]),
            ({"opaque": "x"}, ["opaque"]),
            ({"opaque": None}, ["opaque"]),
            ({"algorithm": "MD5"}, ["algorithm"]),
            ({"algorithm": ""}, ["algorithm"]),
            ({"algorithm": "SHA-1024"}, ["algorithm"]),
            ({"qop": ""}, ["qop"]),
            ({"qop": "auth-conf"}, ["qop", "qop"]),
            ({"cnonce": ""}, ["cnonce"]),
            ({"nc": ""}, ["nc"]),
            ({"nc": "2"}, ["nc"]),
            ({"nc": "0000000g"}, ["nc"]),
            ({"nc": "00000001"}, ["nc"]),
            ({"uri": "sip:c@b"}, ["uri"]),
            ({"uri": "%"}, ["uri"]),
            ({"uri": "sip:a@B;x=y"}, []),
            ({"username": "eve"}, ["username"]),
            ({"response": "0" * 64}, ["response"]),
            ({"response": right().upper()}, ["response"]),
            ({"realm": "x", "nonce": "y", "response": ""}, ["realm", "nonce", "response"]),
        ],
    )
    def test_differences_are_named(self, changes: dict[str, object], names: list[str]) -> None:
        assert self.names(credentials(**changes)) == names

    @pytest.mark.parametrize("options", [{"password": "wrong"}, {"method": "BYE"}, {"password": None, "ha1": "0" * 64}])
    def test_wrong_secret(self, options: dict[str, object]) -> None:
        assert self.names(credentials(), **options) == ["response"]

    def test_body_counts_with_auth_int_only(self) -> None:
        assert self.names(credentials(qop="auth"), body=b"other") == []
        assert self.names(credentials(qop="auth-int"), body=b"other") == ["response"]

    def test_kept_hash_instead_of_the_password(self) -> None:
        ha1 = ha1_of(algorithm="SHA-256", username="bob", realm="r", password="secret")
        assert self.names(credentials(), password=None, ha1=ha1) == []
        with pytest.raises(ValueError, match="password or ha1"):
            self.names(credentials(), ha1=ha1)
        with pytest.raises(ValueError, match="password or ha1"):
            self.names(credentials(), password=None)

    def test_hashed_user_name(self) -> None:
        """RFC 7616 section 3.4.4"""
        hashed = userhash_of(algorithm="SHA-256", username="bob", realm="r")
        assert self.names(credentials(username=hashed, userhash=True)) == []
        assert self.names(credentials(username="bob", userhash=True)) == ["username"]

    def test_without_qop(self) -> None:
        """RFC 2069"""
        old = Challenge(realm="r", nonce="n", algorithm="SHA-256", qop=(), opaque="o")
        assert self.names(credentials(qop="", nc="", cnonce=""), challenge=old) == []

    def test_text_of_a_difference(self) -> None:
        (difference,) = verify(credentials(realm="x"), method="INVITE", uri="sip:a@b", body=b"body", password="secret",
                               challenge=self.CHALLENGE)  # fmt: skip
        assert str(difference) == "realm: expected r, got x"


def test_rspauth() -> None:
    """Section 3.5: A2 is ":" request-uri"""
    sent = credentials()
    ha1 = ha1_of(algorithm="SHA-256", username="bob", realm="r", password="secret")
    ha2 = hashlib.sha256(b":sip:a@b").hexdigest()
    assert rspauth(sent, ha1=ha1) == hashlib.sha256(f"{ha1}:n:00000002:c:auth:{ha2}".encode()).hexdigest()
    assert rspauth(sent, ha1=ha1) == rspauth(sent, ha1=ha1, body=b"x")
    whole = credentials(qop="auth-int")
    assert rspauth(whole, ha1=ha1) != rspauth(whole, ha1=ha1, body=b"x")


class TestIrregular:
    """RFC 7616 section 3.4: what MUST be in quotes, and what MUST NOT."""

    def test_right(self) -> None:
        assert Credentials.parse(str(credentials())).irregular == ()

    @pytest.mark.parametrize(
        ("before", "after", "irregular"),
        [
            ("nc=00000002", 'nc="00000002"', ("nc in quotes",)),
            ("qop=auth", 'qop = "auth"', ("qop in quotes",)),
            ("algorithm=SHA-256", 'algorithm="sha-256"', ("algorithm in quotes",)),
            ("algorithm=SHA-256", "ALGORITHM=sha-256", ()),
            ('cnonce="c"', "cnonce=c", ("cnonce without quotes",)),
            ('uri="sip:a@b"', "uri=sip:a@b", ("uri without quotes",)),
            ('username="bob"', "username=\"bob\", username*=UTF-8''bob", ("both username and username*",)),
        ],
    )
    def test_is_read_all_the_same(self, before: str, after: str, irregular: tuple[str, ...]) -> None:
        text = str(credentials())
        assert before in text
        parsed = Credentials.parse(text.replace(before, after))
        assert parsed.irregular == irregular
        assert verify(parsed, method="INVITE", uri="sip:a@b", body=b"body", password="secret") == []


class TestCause:
    """What the client has hashed instead."""

    def cause(self, sent: Credentials, **options: object) -> str:
        values: dict[str, object] = {"method": "INVITE", "uri": "sip:a@b", "body": b"body", "username": "bob",
                                     "password": "secret"}  # fmt: skip
        values |= options
        (found,) = verify(sent, **values)  # type: ignore[arg-type]
        assert found.name == "response"
        return cause_of(sent, found.expected, **values)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("sent", "cause"),
        [
            (credentials(response=right().upper()), "in capital letters"),
            (credentials(response="abc"), "3 digits where SHA-256 has 64"),
            (credentials(response=right(algorithm="SHA-256-sess")), "made with SHA-256-sess"),
            (credentials(response=right(algorithm="SHA-512-256")), "made with SHA-512-256"),
            (credentials(response=right(qop="")), "made as if without qop"),
            (credentials(response=right(nc="2")), "made with nc=2"),
            (credentials(response=right(qop="auth-int")), "made with qop=auth-int"),
            (credentials(qop="auth-int", response=right()), "made with qop=auth"),
            (credentials(response=right(cnonce="d")), "wrong password"),
        ],
    )
    def test_is_found(self, sent: Credentials, cause: str) -> None:
        assert self.cause(sent) == cause

    def test_the_method(self) -> None:
        assert self.cause(credentials(), method="BYE") == "made for the method INVITE"

    def test_a_body_that_was_left_out(self) -> None:
        ha1 = ha1_of(algorithm="SHA-256", username="bob", realm="r", password="secret")
        empty = response_of(
            algorithm="SHA-256", ha1=ha1, nonce="n", method="INVITE", uri="sip:a@b", qop="auth-int", nc="00000002",
            cnonce="c",
        )  # fmt: skip
        assert self.cause(credentials(qop="auth-int", response=empty)) == "made over an empty body"

    def test_the_uri(self) -> None:
        sent = credentials(uri="sip:A@b", response=right())
        found = verify(sent, method="INVITE", uri="sip:a@b", body=b"body", password="secret")
        assert [difference.name for difference in found] == ["uri", "response"]
        cause = cause_of(sent, found[1].expected, method="INVITE", uri="sip:a@b", username="bob", password="secret")
        assert cause == "made for the Request-URI, not for its own uri"

    def test_by_hash(self) -> None:
        ha1 = ha1_of(algorithm="SHA-256", username="bob", realm="r", password="secret")
        sent = credentials(response=right(qop=""))
        assert self.cause(sent, password=None, ha1=ha1) == "made as if without qop"


def test_qop_where_none_was_offered() -> None:
    """Section 3.4: it "MUST be one of the alternatives the server indicated"."""
    offered = Challenge(realm="r", nonce="n", algorithm="SHA-256", qop=())
    found = verify(credentials(), method="INVITE", uri="sip:a@b", body=b"", password="secret", challenge=offered)
    assert [str(difference) for difference in found] == ["qop: expected none, got auth"]


class TestAuthenticationInfo:
    """Section 3.5; the grammar is RFC 3261 section 25.1."""

    HA1 = ha1_of(algorithm="SHA-256", username="bob", realm="r", password="secret")

    def test_proof(self) -> None:
        sent = credentials()
        value = authentication_info(nextnonce="m", credentials=sent, ha1=self.HA1, qop="auth")
        proof = rspauth(sent, ha1=self.HA1)
        assert value == f'nextnonce="m", qop=auth, rspauth="{proof}", cnonce="c", nc=00000002'

    def test_the_body_counts_with_auth_int(self) -> None:
        sent = credentials(qop="auth-int")
        value = authentication_info(credentials=sent, ha1=self.HA1, qop="auth-int", body=b"x")
        assert f'rspauth="{rspauth(sent, ha1=self.HA1, body=b"x")}"' in value
        assert value != authentication_info(credentials=sent, ha1=self.HA1, qop="auth-int")

    def test_without_qop(self) -> None:
        sent = credentials(qop="", nc="", cnonce="")
        assert authentication_info(credentials=sent, ha1=self.HA1) == f'rspauth="{rspauth(sent, ha1=self.HA1)}"'

    def test_the_next_nonce_alone(self) -> None:
        assert authentication_info(nextnonce="m") == 'nextnonce="m"'


def test_an_opaque_goes_with_its_nonce() -> None:
    assert opaque_of("a") == opaque_of("a") != opaque_of("b")
