from host.record.state import changed_state

BEFORE = {"cpu": {"governor": "performance", "free_mhz": 3}, "supplies": [{"online": True}]}


def test_a_governor_that_changed_is_named_with_both_values() -> None:
    after = {**BEFORE, "cpu": {"governor": "powersave", "free_mhz": 3}}
    assert changed_state(BEFORE, after) == (("cpu.governor", "performance", "powersave"),)


def test_lists_are_walked_and_absent_settings_are_changes() -> None:
    assert changed_state(BEFORE, {**BEFORE, "supplies": [{"online": False}]}) == (
        ("supplies.0.online", "True", "False"),
    )
    assert changed_state(BEFORE, {**BEFORE, "supplies": []}) == (
        ("supplies.0.online", "True", "absent"),
    )
    assert changed_state({"a": 1}, {"a": 1, "boost": 0}) == (("boost", "absent", "0"),)


def test_readings_that_always_differ_are_no_settings() -> None:
    assert changed_state(BEFORE, {**BEFORE, "cpu": {**BEFORE["cpu"], "free_mhz": 9}}) == ()  # type: ignore[dict-item]


def test_a_device_that_was_asked_only_once_did_not_change() -> None:
    assert changed_state(BEFORE, {}) == ()
    assert changed_state({}, BEFORE) == ()


def test_a_charger_that_was_pulled_and_a_clocksource_that_switched_are_changes() -> None:
    before = {"power_supplies": {"BAT0": {"status": "Charging"}}, "clocksource": {"now": "tsc"}}
    after = {"power_supplies": {"BAT0": {"status": "Discharging"}}, "clocksource": {"now": "hpet"}}
    assert [path for path, _, _ in changed_state(before, after)] == [
        "clocksource.now",
        "power_supplies.BAT0.status",
    ]
