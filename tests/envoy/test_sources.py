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
    token = pool.id_token()
    several.rejects("token_malformed", "/", ("cookie", f"session={token}"), ("cookie", f"session={token}"))


def test_two_cookies_of_one_name(several: Stage, pool: Pool) -> None:
    token = pool.id_token()
    several.rejects("token_malformed", "/", ("cookie", f"session={token}; session={token}"))


@pytest.mark.parametrize("form", ["session=", "session", 'session=""', "Session={}", "session2={}", "a=session={}"])
def test_no_such_cookie(several: Stage, pool: Pool, form: str) -> None:
    several.rejects("token_missing", "/", ("cookie", form.format(pool.id_token())))


def test_amplifys_cookie(several: Stage, pool: Pool) -> None:
    name = f"CognitoIdentityServiceProvider.{CLIENT}"
    token = pool.id_token()
    for user in ("alice", "alice@example.com", "a.b.c"):
        several.admits("/", ("cookie", f"{name}.LastAuthUser={user}; {name}.{user}.accessToken=x; {name}.{user}.idToken={token}"))
    several.rejects("token_malformed", "/", ("cookie", f"{name}.alice.idToken={token}; {name}.bob.idToken={token}"))
    several.rejects("token_missing", "/", ("cookie", f"{name}x.alice.idToken={token}"))
    several.rejects("token_missing", "/", ("cookie", f"{name}.alice.idTokens={token}"))


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
    token = pool.id_token()
    several.rejects("token_malformed", f"/?access_token={token}&access_token={token}")
    several.rejects("token_malformed", f"/?access_token={token}&access%5Ftoken={token}")


# -- order ----------------------------------------------------------------------------------------------------------


def test_the_first_source_that_holds_a_credential_is_used_alone(several: Stage, pool: Pool) -> None:
    good, bad = pool.id_token(), pool.id_token(exp=1)
    several.rejects("token_expired", f"/?access_token={good}", bearer(bad), ("cookie", f"session={good}"))
    several.rejects("token_malformed", f"/?access_token={good}", ("authorization", "Bearer"))
    seen = several.admits("/", bearer(pool.id_token()), ("cookie", f"session={pool.id_token(sub='bbbb')}"))
    assert seen.header("x-cognito-sub") == SUB
    several.admits(f"/?access_token={bad}", ("authorization", "Basic x"), ("x-access-token", good))
