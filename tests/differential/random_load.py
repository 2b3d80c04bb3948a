# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random loads of a hundred things each, by seed."""
from .batch import Item, Load
from .generate import Generator
from .statements import objects

RULES_PER_LOAD, SETS_PER_LOAD = 90, 10


def seeds(first, rules):
    """As many loads as hold so many rules and definitions."""
    each = RULES_PER_LOAD + SETS_PER_LOAD
    return range(first, first + (rules + each - 1) // each)


def make(seed, vocabulary):
    """(a load, its chain)"""
    generator = Generator(seed, vocabulary)
    family, chain = generator.family, generator.chain()
    prelude = f"add table {family} t\n" + objects(family)
    prelude += f"add chain {family} t c {{ {chain} }}\n"
    items = [Item(generator.definition(f"s{i}"), f"s{i}") for i in range(SETS_PER_LOAD)]
    items += [Item(generator.rule()) for _ in range(RULES_PER_LOAD)]
    return Load(family, prelude, items), chain
