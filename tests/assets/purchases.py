"""What the sample's files say, in plain Python: the ground truth that the nights' tables are held against."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from tests.helpers import sample

NO_PRODUCTS = ("FUEL", "MISCELLANEOUS")


@dataclass(frozen=True)
class Purchase:
    user: str
    item: str
    at: datetime
    basket: str
    visible: date


@dataclass(frozen=True)
class Purchases:
    rows: list[Purchase]

    def up_to(self, night: date) -> list[Purchase]:
        """What a night may see."""
        return [row for row in self.rows if row.visible <= night and row.at < cutoff(night)]

    def users(self, night: date) -> set[str]:
        return {row.user for row in self.up_to(night)}

    def items(self, night: date) -> set[str]:
        return {row.item for row in self.up_to(night)}

    def had(self, night: date) -> dict[str, set[str]]:
        """Items each user had taken."""
        items_by_user: dict[str, set[str]] = defaultdict(set)
        for row in self.up_to(night):
            items_by_user[row.user].add(row.item)
        return items_by_user

    def relevant(self, night: date) -> dict[str, dict[str, set[str]]]:
        """Items each user took between the graded night's cutoff and this night's, by task."""
        graded = night - timedelta(days=sample.HORIZON)
        had = self.had(graded)
        items_by_task: dict[str, dict[str, set[str]]] = {"next": defaultdict(set), "discovery": defaultdict(set)}
        for row in self.up_to(night):
            if row.at >= cutoff(graded):
                items_by_task["next"][row.user].add(row.item)
                if row.item not in had.get(row.user, set()):
                    items_by_task["discovery"][row.user].add(row.item)
        return items_by_task


def cutoff(night: date) -> datetime:
    return datetime.combine(night + timedelta(days=1), datetime.min.time())


def read_purchases(deployment: sample.Deployment) -> Purchases:
    """Every purchase line that counts, with the night that first sees it."""
    profile, files = deployment.profile, deployment.files
    with duckdb.connect() as con:
        no_products = {
            row[0]
            for row in con.execute(
                f"select product_id from '{files}/products.parquet' where department in {NO_PRODUCTS}"
            ).fetchall()
        }
        lines = con.execute(
            "select household_id, product_id, transaction_timestamp, basket_id, filename "
            f"from read_parquet('{files}/transactions_*.parquet', filename = true) where quantity > 0"
        ).fetchall()
    rows = []
    for household, product, at, basket, file in lines:
        if product not in no_products:
            late = sample.LATE_ARRIVAL - profile.grace if file.endswith(sample.LATE) else at
            visible = max(at.date(), late.date(), profile.first_night)
            rows.append(Purchase(str(household), str(product), at, str(basket), visible))
    return Purchases(rows)
