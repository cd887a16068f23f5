"""Where a token is looked for."""

import pytest

from support.client import bearer
from support.config import config, pool_config
from support.stage import Stage, Stages
from support.tokens import CLIENT, SUB, Pool

SOURCES = [
    {"header": "authorization", "scheme": "Bearer"},
    {"header": "x-access-token"},
    {"cookie": "session"},
    {"cookie": f"CognitoIdentityServiceProvider.{CLIENT}.*.idToken"},
    {"query": "access_token"},
]
AMPLIFY = f"CognitoIdentityServiceProvider.{CLIENT}"


@pytest.fixture(scope="module")
def usual(stages: Stages) -> Stage:
    return stages.shared(config(pool_config(token_use="any")))


@pytest.fixture(scope="module")
def several(stages: Stages) -> Stage:
    return stages.shared(config(pool_config(token_use="any"), token_sources=SOURCES))


# -- the usual header -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}", "Bearer \t {}", "Bearer\t{}"])
def test_the_scheme_in_all_forms(usual: Stage, pool: Pool, form: str) -> None:
    usual.admits("/", ("Authorization", form.format(pool.id_token())))


@pytest.mark.parametrize("form", ["Basic {}", "Bearer{}", "Bearers {}", "xBearer {}", "Negotiate xBearer {}", "Basic x, Bearer {}", "Basic x,Bearer {}", "{}", "\xffBearer {}", ""])
def test_another_scheme_is_no_credential(usual: Stage, pool: Pool, form: str) -> None:
    usual.rejects("token_missing", "/", ("authorization", form.format(pool.id_token())))


@pytest.mark.parametrize("form", ["Bearer", "Bearer ", "Bearer {} x", "Bearer {}, Bearer {}", "Bearer {},Basic x", "Bearer {},", "Bearer \xff{}", "Bearer {}\xff", 'Bearer "{}"', "Bearer {0} {0}"])
def test_a_bearer_that_is_no_token(usual: Stage, pool: Pool, form: str) -> None:
    usual.rejects("token_malformed", "/", ("authorization", form.format(*[pool.id_token()] * form.count("{"))))


def test_two_headers_are_two_credentials(usual: Stage, pool: Pool) -> None:
    token = pool.id_token()
    usual.rejects("token_malformed", "/", bearer(token), bearer(token))


def test_a_second_header_after_another_scheme(usual: Stage, pool: Pool) -> None:
    # Envoy joins the two into one value, which is then of the first one's scheme.
    usual.rejects("token_missing", "/", ("authorization", "Basic x"), bearer(pool.id_token()))


def test_other_sources_are_not_looked_at_unless_configured(usual: Stage, pool: Pool) -> None:
    token = pool.id_token()
    usual.rejects("token_missing", f"/?access_token={token}", ("cookie", f"session={token}"), ("x-access-token", token))


# -- a header without a scheme --------------------------------------------------------------------------------------


def test_a_header_that_is_the_token(several: Stage, pool: Pool) -> None:
    several.admits("/", ("X-Access-Token", pool.id_token()))
    several.rejects("token_malformed", "/", ("x-access-token", f"Bearer {pool.id_token()}"))
    several.rejects("token_malformed", "/", ("x-access-token", pool.id_token()), ("x-access-token", pool.id_token()))


def test_an_empty_header_is_no_credential(several: Stage, pool: Pool) -> None:
    several.rejects("token_missing", "/", ("x-access-token", ""))
    several.admits("/", ("x-access-token", ""), ("cookie", f"session={pool.id_token()}"))


# -- cookies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["session={}", "a=1; session={}", "session={}; b=2", "a=1;session={};b=2", "a=1 ;  session={} ; b", 'session="{}"', "Session=no; session={}", "xsession=no; session={}"])
def test_a_cookie_in_all_forms(several: Stage, pool: Pool, form: str) -> None:
    several.admits("/", ("cookie", form.format(pool.id_token())))


def test_cookies_in_two_headers(several: Stage, pool: Pool) -> None:
    several.admits("/", ("cookie", "a=1"), ("cookie", f"session={pool.id_token()}"))
    several.rejects("token_malformed", "/", ("cookie", f"session={pool.id_token()}"), ("cookie", f"session={pool.id_token(jti='other')}"))


def test_two_cookies_of_one_name(several: Stage, pool: Pool) -> None:
    several.rejects("token_malformed", "/", ("cookie", f"session={pool.id_token()}; session={pool.id_token(jti='other')}"))
    several.rejects("token_malformed", "/", ("cookie", f"session={pool.id_token()}; session=x"))


@pytest.mark.parametrize("form", ["session={0}; session={0}", 'session="{0}"; a=1; session={0}', "session=; session={0}; session=\"\"", " session = {0} ;session={0};session={0}"])
def test_equal_twins_of_a_cookie_are_one_credential(several: Stage, pool: Pool, form: str) -> None:
    # What a browser sends of a cookie that was set for two paths or domains.
    several.admits("/", ("cookie", form.format(pool.id_token())))
    token = pool.id_token()
    several.admits("/", ("cookie", f"session={token}"), ("cookie", f"session={token}"))


@pytest.mark.parametrize("form", ["session=", "session", 'session=""', "Session={}", "session2={}", "a=session={}"])
def test_no_such_cookie(several: Stage, pool: Pool, form: str) -> None:
    several.rejects("token_missing", "/", ("cookie", form.format(pool.id_token())))


def test_a_cookie_by_wildcard(several: Stage, pool: Pool) -> None:
    token = pool.id_token()
    for user in ("alice", "alice@example.com", "a.b.c"):
        several.admits("/", ("cookie", f"{AMPLIFY}.LastAuthUser={user}; {AMPLIFY}.{user}.accessToken=x; {AMPLIFY}.{user}.idToken={token}"))
    several.admits("/", ("cookie", f"{AMPLIFY}.alice.idToken={token}; {AMPLIFY}.alice.idToken={token}"))
    several.rejects("token_malformed", "/", ("cookie", f"{AMPLIFY}.alice.idToken={token}; {AMPLIFY}.bob.idToken={token}"))
    several.rejects("token_missing", "/", ("cookie", f"{AMPLIFY}x.alice.idToken={token}"))
    several.rejects("token_missing", "/", ("cookie", f"{AMPLIFY}.alice.idTokens={token}"))


@pytest.mark.parametrize("name", ["tok*", "*ken", "*", "t*n"])
def test_the_wildcard_may_stand_anywhere(stages: Stages, pool: Pool, name: str) -> None:
    stage = stages.shared(config(token_sources=[{"cookie": name}]))
    stage.admits("/", ("cookie", f"token={pool.id_token()}"))


# -- Amplify --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def amplify(stages: Stages) -> Stage:
    return stages.shared(config(pool_config(token_use="any"), token_sources=[{"amplify": CLIENT}], identity={"remove_token": True}))


def amplify_cookies(last: str, **tokens: str) -> str:
    """The cookies that Amplify keeps on a browser where these users signed in, names as js-cookie writes them."""
    cookies = [f"{AMPLIFY}.LastAuthUser={last}"]
    for user, token in tokens.items():
        user = user.replace("_at_", "%40")
        cookies += [f"{AMPLIFY}.{user}.clockDrift=0", f"{AMPLIFY}.{user}.refreshToken=secret", f"{AMPLIFY}.{user}.idToken={token}", f"{AMPLIFY}.{user}.accessToken=x"]
    return "; ".join(cookies)


def test_amplifys_user_signed_in_last_decides(amplify: Stage, pool: Pool) -> None:
    # Two users of one browser.
    alice, bob = pool.id_token(), pool.id_token(sub="bbbb")
    for last, sub in [("alice", SUB), ("bob", "bbbb")]:
        seen = amplify.admits("/", ("cookie", "a=1; " + amplify_cookies(last, alice=alice, bob=bob) + "; b=2"))
        assert (seen.header("x-cognito-sub"), seen.header("cookie")) == (sub, "a=1; b=2")


def test_amplifys_cookie_of_a_user_with_an_at_sign(amplify: Stage, pool: Pool) -> None:
    amplify.admits("/", ("cookie", amplify_cookies("alice@example.com", **{"alice_at_example.com": pool.id_token()})))
    amplify.admits("/", ("cookie", amplify_cookies("alice%40example.com", **{"alice@example.com": pool.id_token()})))


def test_amplifys_twins(amplify: Stage, pool: Pool) -> None:
    token, other = pool.id_token(), pool.id_token(jti="other")
    amplify.admits("/", ("cookie", amplify_cookies("alice", alice=token) + "; " + amplify_cookies('"alice"', alice=f'"{token}"')))
    amplify.rejects("token_malformed", "/", ("cookie", amplify_cookies("alice", alice=token) + "; " + amplify_cookies("bob", bob=other)))
    amplify.rejects("token_malformed", "/", ("cookie", amplify_cookies("alice", alice=token) + "; " + amplify_cookies("alice", alice=other)))


def test_without_amplifys_user_there_is_no_credential(amplify: Stage, pool: Pool) -> None:
    token = pool.id_token()
    for cookies in [f"{AMPLIFY}.alice.idToken={token}", amplify_cookies("", alice=token), amplify_cookies("bob", alice=token), amplify_cookies("bob", alice=token, bob="")]:
        amplify.rejects("token_missing", "/", ("cookie", cookies))


def test_amplifys_access_token(stages: Stages, pool: Pool) -> None:
    stage = stages.shared(config(pool_config(token_use="any"), token_sources=[{"amplify": CLIENT, "token": "access"}]))
    cookies = f"{AMPLIFY}.LastAuthUser=alice; {AMPLIFY}.alice.idToken=x; {AMPLIFY}.alice.accessToken={pool.access_token()}"
    assert stage.admits("/", ("cookie", cookies)).header("x-cognito-token-use") == "access"


# -- the query ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["/?access_token={}", "/p?a=1&access_token={}", "/p?access_token={}&b=2", "/p?a&access_token={}&", "/?access%5ftoken={}", "/?%61ccess_token={}"])
def test_a_parameter_in_all_forms(several: Stage, pool: Pool, form: str) -> None:
    several.admits(form.format(pool.id_token()))


def test_a_percent_encoded_parameter(several: Stage, pool: Pool) -> None:
    several.admits("/?access_token=" + "".join(f"%{byte:02X}" for byte in pool.id_token().encode()))


@pytest.mark.parametrize("form", ["/?access_token=", "/?access_token", "/?Access_token={}", "/?xaccess_token={}", "/access_token={}", "/?a=access_token={}"])
def test_no_such_parameter(several: Stage, pool: Pool, form: str) -> None:
    several.rejects("token_missing", form.format(pool.id_token()))


def test_two_parameters_of_one_name(several: Stage, pool: Pool) -> None:
    token, other = pool.id_token(), pool.id_token(jti="other")
    several.rejects("token_malformed", f"/?access_token={token}&access_token={other}")
    several.rejects("token_malformed", f"/?access_token={token}&access%5Ftoken={other}")
    several.admits(f"/?access_token={token}&a=1&access_token={token}")
    several.admits(f"/?access%5Ftoken=%{ord(token[0]):02x}{token[1:]}&access_token=&access_token={token}")


# -- order ----------------------------------------------------------------------------------------------------------


def test_the_first_source_that_holds_a_credential_is_used_alone(several: Stage, pool: Pool) -> None:
    good, bad = pool.id_token(), pool.id_token(exp=1)
    several.rejects("token_expired", f"/?access_token={good}", bearer(bad), ("cookie", f"session={good}"))
    several.rejects("token_malformed", f"/?access_token={good}", ("authorization", "Bearer"))
    seen = several.admits("/", bearer(pool.id_token()), ("cookie", f"session={pool.id_token(sub='bbbb')}"))
    assert seen.header("x-cognito-sub") == SUB
    several.admits(f"/?access_token={bad}", ("authorization", "Basic x"), ("x-access-token", good))
