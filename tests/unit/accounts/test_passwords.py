"""Passwords: how they are hashed, and how many at once."""

import asyncio
import threading

import pytest
from argon2 import Type, extract_parameters

from shared.accounts import passwords
from shared.accounts.passwords import AT_ONCE, Passwords
from shared.errors import Busy


async def test_a_hash_is_argon2id_and_costs_what_it_should() -> None:
    found = extract_parameters(await Passwords().hash("correct horse"))

    assert found.type is Type.ID
    assert found.memory_cost >= 64 * 1024
    assert found.time_cost >= 3
    assert (found.parallelism, found.hash_len, found.salt_len) == (1, 32, 16)


async def test_the_hash_that_stands_for_nobodys_costs_just_as_much() -> None:
    nobodys, real = extract_parameters(passwords._NOBODYS), extract_parameters(await Passwords().hash("correct horse"))

    assert nobodys == real


async def test_two_hashes_of_one_password_differ_and_both_fit_it() -> None:
    pool = Passwords()
    one, other = await pool.hash("correct horse"), await pool.hash("correct horse")

    assert one != other
    assert await pool.is_right("correct horse", one)
    assert await pool.is_right("correct horse", other)
    assert not await pool.is_right("wrong horse", one)


async def test_without_a_hash_no_password_is_right() -> None:
    pool = Passwords()

    assert not await pool.is_right("", "")
    assert not await pool.is_right("x", "no hash at all")


async def test_how_a_keyboard_sends_a_letter_does_not_matter() -> None:
    pool = Passwords()

    assert await pool.is_right("cafe\u0301 au lait", await pool.hash("caf\u00e9 au lait"))


async def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    weak = "$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"

    assert Passwords.is_outdated(weak)
    assert not Passwords.is_outdated(await Passwords().hash("correct horse"))


async def test_two_are_hashed_at_once_some_wait_and_more_are_refused() -> None:
    pool, gate, running, most = Passwords(most_waiting=3), threading.Event(), [0], [0]
    lock = threading.Lock()

    def work() -> bool:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.wait(10)
        with lock:
            running[0] -= 1
        return True

    tasks = [asyncio.create_task(pool._do(work)) for _ in range(AT_ONCE + 3)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await pool._do(work)
    gate.set()

    assert await asyncio.gather(*tasks) == [True] * (AT_ONCE + 3)
    assert most[0] == AT_ONCE
    assert await pool._do(work)


async def test_who_gives_up_waiting_takes_no_other_place() -> None:
    pool, gate = Passwords(most_waiting=0), threading.Event()
    tasks = [asyncio.create_task(pool._do(lambda: gate.wait(10))) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    with pytest.raises(Busy):
        await pool._do(lambda: True)
    gate.set()
