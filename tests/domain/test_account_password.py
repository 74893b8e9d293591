"""Which account passwords will do, and what is said of the others."""

import pytest

from apppw_tui.domain.account_password import require_good, strength
from apppw_tui.domain.errors import WeakPassword
from apppw_tui.domain.secret import Secret
from tests.support import PASSWORD

ACCOUNT = "adalovelace@example.org"


@pytest.mark.parametrize(
    "password", [PASSWORD, "xk7#Qz!m2Lw9", "Zug f\u00e4hrt \u00fcber Br\u00fccken"]
)
def test_a_good_one_is_accepted(password: str) -> None:
    require_good(Secret(password), ACCOUNT)
    assert strength(Secret(password), ACCOUNT).good_enough


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "Too short. Use at least 8 characters."),
        ("xk7#Qz!", "Too short. Use at least 8 characters."),
        ("xk7#Qz!m" * 128 + "x", "Too long. Use at most 1024 characters."),
        ("7kfm2xqd9h3vtw5nc8rw", "That is an app password. Choose another one for your account."),
        (
            "7KFM 2xqd-9h3v tw5n c8rw",
            "That is an app password. Choose another one for your account.",
        ),
    ],
)
def test_a_bad_form_is_refused_with_the_reason(password: str, reason: str) -> None:
    with pytest.raises(WeakPassword) as refusal:
        require_good(Secret(password), ACCOUNT)
    assert str(refusal.value) == reason


@pytest.mark.parametrize(
    "password",
    ["password", "12345678", "qwertyuiop", "aaaaaaaaaaaa", "abcabcabcabc", "19841984", "letmein1"],
)
def test_one_that_is_easy_to_guess_is_refused_with_advice(password: str) -> None:
    judged = strength(Secret(password), ACCOUNT)
    assert judged.word in {"Very weak", "Weak", "Fair"}
    assert judged.advice.endswith((".", "!"))
    with pytest.raises(WeakPassword, match=r"^Not strong enough yet: [a-z]"):
        require_good(Secret(password), ACCOUNT)


@pytest.mark.parametrize("password", [ACCOUNT, "adalovelace", "AdaLovelace1", "example.org!"])
def test_one_made_of_the_account_is_refused(password: str) -> None:
    # It is the account that makes it weak: for somebody else it might do.
    assert strength(Secret(password), ACCOUNT).score < strength(Secret(password), "x").score
    with pytest.raises(WeakPassword):
        require_good(Secret(password), ACCOUNT)


def test_no_refusal_repeats_the_password() -> None:
    for password in ("hunter2hunter2", "7kfm2xqd9h3vtw5nc8rw", "xyz"):
        with pytest.raises(WeakPassword) as refusal:
            require_good(Secret(password), ACCOUNT)
        assert password not in str(refusal.value)


def test_eight_and_1024_characters_are_not_too_short_and_not_too_long() -> None:
    assert strength(Secret("xk7#Qz!m"), ACCOUNT).word not in {"Too short", "Too long"}
    assert strength(Secret("xk7#Qz!m" * 128), ACCOUNT).word not in {"Too short", "Too long"}


def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    assert (
        Secret("Br\u00fccke").normalized().reveal() == Secret("Bru\u0308cke").normalized().reveal()
    )


def test_blanks_and_case_are_part_of_the_password() -> None:
    assert Secret(" Engine ").normalized().reveal() == " Engine "
