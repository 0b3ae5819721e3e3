"""Keys: one slot per site."""

from hypothesis import given
from hypothesis import strategies as st

from shared.keys import Keys


@given(st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True), st.integers(1, 64))
def test_all_keys_of_a_site_carry_its_hash_tag(site: str, partitions: int) -> None:
    keys = Keys(partitions)
    tag = f"{{{keys.partition(site)}}}"

    partition = keys.partition(site)
    found = [keys.site(site), keys.pages(site), keys.head(site, "p"), keys.versions(site, "p"), keys.page(site, "p")]
    found += [keys.publications(site, "p"), keys.artifacts(site, "p"), keys.idempotency(site, "d")]
    found += [keys.builds(partition), keys.builds(partition, "bulk"), keys.events(partition), keys.dead(partition)]
    found += [
        *keys.lane(partition)[1:],
        *keys.lane(partition, "bulk")[1:],
        keys.open(partition),
        keys.delayed(partition),
    ]
    found += [keys.rebuilds(site), keys.rebuilding(partition), keys.sites(partition)]
    found += [keys.schedules(site), keys.scheduled(partition), keys.dead_idempotency(partition, "d")]
    assert 0 <= partition < partitions
    assert all(key.startswith(f"platen:{tag}:") for key in found)
    assert len(set(found)) == len(found)


def test_a_site_stays_in_its_partition_for_ever() -> None:
    assert [Keys(16).partition(site) for site in ("acme", "globex", "initech")] == [14, 10, 0]
