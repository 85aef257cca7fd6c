"""Names that columns have in the wild, by what they mean.

What belongs here: for each role the names it goes by, best first, in lower case without spaces and underscores
(``CustomerID`` is ``customerid``). Names on one line are equally good. A new name is one word here.
"""

from __future__ import annotations

import re

Tiers = tuple[str, ...]


def squeezed(name: str) -> str:
    """Name as it stands here: lower case, letters and digits only."""
    return re.sub(r"[\W_]", "", name).lower()


def words_of(name: str) -> set[str]:
    """Words of a name, in lower case: ``anonCustomer_hash`` has anon, customer and hash."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return set(re.split(r"[\W_]+", apart.lower())) - {""}


USER = (
    "user userid uid customer customerid customerno customernumber visitor visitorid member memberid household "
    "householdid householdkey kunde kundeid kundenid kundennr kundennummer cliente clienteid idcliente usuario "
    "usuarioid idusuario utente utilisateur",
    "custid custno cust client clientid buyer buyerid shopper shopperid person personid reviewer reviewerid account "
    "accountid subscriber subscriberid player playerid patron patronid profileid",
    "email customeremail loyaltycard loyaltyid cardid cardno cardnumber cookie cookieid anonymousid deviceid",
)
USER_WORDS = "user customer visitor member household client buyer shopper reviewer kunde cliente usuario"
ITEM = (
    "item itemid product productid productno productcode sku skuid article articleid articleno articlenumber "
    "stockcode asin movie movieid book bookid isbn song songid track trackid clickarticleid artikel artikelid "
    "artikelnr artikelnummer produkt produktid produktnr producto productoid idproducto produit produitid prodotto",
    "lineitemsku lineitemid itemno itemcode variantid parentasin content contentid document documentid docid news "
    "newsid video videoid "
    "listing listingid property propertyid game gameid artist artistid show showid merchandiseid goodsid "
    "materialnumber gtin ean upc barcode plu business businessid restaurantid poi poiid venueid",
    "productname itemname articlename producttitle itemtitle artikelname produktname lineitemname title",
)
ITEM_WORDS = "item product sku article movie book song track content artikel produkt producto"
PAGE = ("url page pageurl pagepath path pageid slug",)
TIME = (
    "time timestamp ts datetime eventtime eventtimestamp eventdatetime eventat eventts purchasedat purchasetime "
    "purchasetimestamp purchaseddate soldat ordertime ordertimestamp orderedat orderpurchasetimestamp invoicedate "
    "invoicetime transactiontime transactiontimestamp clicktimestamp clicktime viewedat ratedat unixreviewtime "
    "timestampms unixtime epoch zeitpunkt zeitstempel fechahora horodatage",
    "date eventdate purchasedate orderdate saledate salesdate transactiondate transdate visitdate datum zeit datumzeit "
    "kaufdatum bestelldatum verkaufsdatum rechnungsdatum fecha data day occurredat happenedat reviewtime",
    "createdat created createdtime creationdate inserted insertedat loggedat servertime localtime utctime sessionstart",
)
TIME_WORDS = "time timestamp date datetime datum zeit fecha at on ts"
NOT_EVENT_TIME = (
    "updated modified shipped shipping delivered delivery birth birthday dob registered signup due expiry expires "
    "release released valid start end launch estimated approved returned"
)
EVENT = (
    "event eventtype eventname interaction interactiontype action actiontype behavior behaviour behaviortype "
    "behaviourtype activity activitytype ereignis aktion",
    "type kind verb",
)
QUANTITY = (
    "quantity lineitemquantity qty units pieces itemquantity orderquantity quantitysold unitssold menge anzahl stueck "
    "stück cantidad quantite quantité quantita",
    "count number numitems n",
)
VALUE = (
    "value linetotal lineamount linevalue lineprice salesvalue salesamount extendedprice totalprice amountpaid paid "
    "revenue turnover umsatz gesamtpreis positionsbetrag",
    "total amount totalamount sales spend spent netsales grosssales betrag gesamtbetrag gesamt summe importe montant "
    "totale",
)
PRICE = (
    "unitprice lineitemprice priceperunit itemprice price productprice sellingprice saleprice einzelpreis stückpreis "
    "stueckpreis preis preciounitario precio prixunitaire prix prezzo listprice retailprice",
)
RATING = ("rating stars score overall reviewscore reviewrating bewertung",)
BASKET = (
    "basket basketid order orderid orderno ordernumber invoice invoiceid invoiceno invoicenumber receipt receiptid "
    "receiptno bonid bonnr bestellnummer rechnungsnummer rechnungsnr belegnummer belegnr auftragsnummer auftragsnr",
    "transaction transactionid cart cartid checkout checkoutid ticket ticketid sale saleid bon bestellung rechnung",
)
SESSION = ("session sessionid usersession visitid",)
DEVICE = ("device devicetype devicecategory devicegroup clickdevicegroup platform gerät geraet",)
OS = ("os operatingsystem clickos betriebssystem",)
COUNTRY = ("country countrycode usercountry customercountry clickcountry land pais país pays",)
REGION = ("region state province clickregion bundesland provincia",)
STORE = ("store storeid storename storenumber shop shopid branch branchid outlet filiale location locationid tienda",)
TITLE = (
    "title itemtitle producttitle productname itemname lineitemname articlename movietitle booktitle songtitle "
    "trackname artikelname produktname bezeichnung",
    "name description productdescription itemdescription desc beschreibung descripcion designation",
)
DEPARTMENT = ("department departmentname dept abteilung shelf warengruppe section maincategory productgroup",)
CATEGORY = (
    "category categoryname productcategory itemcategory categorycode categoryid productcategoryname kategorie "
    "categoria categoría categorie genre genres aisle",
    "cat type producttype",
)
SUBCATEGORY = ("subcategory subcategoryname subdepartment productsubcategory unterkategorie",)
BRAND = ("brand brandname manufacturer marke hersteller marca marque vendor",)

LIKED, RATED = "liked", "rated"
"""Types of events with a rating: from a threshold on, and below it."""

# Types of events: whole ones, as they stand in the column of the type.
PURCHASES = "purchase purchased buy bought order ordered transaction sale sold checkout paid payment kauf achat compra"
TAKEN = "liked rating rated play played listen watch watched read download event"
CARTS = "cart addtocart basket addtobasket warenkorb"
LIKES = "wishlist addtowishlist favorite favourite fav like bookmark save share follow"
VIEWS = "view pageview pv click impression detail seen show open browse ansicht klick"
TAKEN_BACK = "remove return refund cancel dislike unlike delete storno fail abandon declin"
# Words within a type of several (`Product Viewed`), read in this order: `Cart Viewed` is a view.
SAYS_VIEW = "view viewed views click clicked impression seen opened browsed visit visited select selected"
SAYS_LIKE = "wishlist favorite favorited favourite liked saved shared followed bookmarked"
SAYS_CART = "add added basket started begin"
SAYS_PURCHASE = "purchase purchased bought sold paid"
SAYS_DONE = "completed complete placed made confirmed succeeded created"
SAYS_TAKEN = "rated played listened watched read downloaded completed finished"


def kind_of(event_type: str) -> str | None:
    """What a type of event means: purchase, taken, cart, like, view or taken back; None where nothing tells."""
    whole, words = squeezed(event_type), words_of(event_type)
    if any(part in whole for part in TAKEN_BACK.split()):
        return "taken back"
    names = {"purchase": PURCHASES, "taken": TAKEN, "cart": CARTS, "like": LIKES, "view": VIEWS}
    if kind := next((kind for kind, listed in names.items() if whole in listed.split()), None):
        return kind
    # Order Completed is one, Order Shipped is not.
    if words & set(PURCHASES.split()) and words & set(SAYS_DONE.split()):
        return "purchase"
    said = {"view": SAYS_VIEW, "like": SAYS_LIKE, "cart": SAYS_CART, "purchase": SAYS_PURCHASE, "taken": SAYS_TAKEN}
    return next((kind for kind, listed in said.items() if words & set(listed.split())), None)
