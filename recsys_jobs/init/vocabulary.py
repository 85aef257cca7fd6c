"""Names that columns have in the wild, by what they mean.

What belongs here: for each role the names it goes by, best first, in lower case without spaces and underscores
(``CustomerID`` is ``customerid``). Names on one line are equally good. A new name is one word here.
"""

from __future__ import annotations

import re
import unicodedata

Tiers = tuple[str, ...]

_CURRENCY = re.compile(
    r"[\W_]+(in[\W_]+)?(EUR|CHF|USD|GBP|INR|BRL|JPY|KRW|CNY|SEK|NOK|DKK|PLN|CZK|HUF|TRY|RUB|MXN|CAD|AUD|円|원|元)[\W_]*$",
    re.IGNORECASE,
)
"""What an amount is in, behind its name: ``Betrag (EUR)``, ``Amount in INR``."""


def squeezed(name: str) -> str:
    """Name as it stands here: lower case, of usual width, letters and digits only, no currency behind it."""
    return re.sub(r"[\W_]", "", _CURRENCY.sub("", unicodedata.normalize("NFKC", name))).lower()


def words_of(name: str) -> set[str]:
    """Words of a name, in lower case: ``anonCustomer_hash`` has anon, customer and hash."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return set(re.split(r"[\W_]+", apart.lower())) - {""}


ID_ENDS = "id no nr nbr num number code cd key"
"""How names of ids end: ``CUST_NO``, ``HSHD_NUM``, ``PRODUCT_KEY``."""
TIME_ENDS = "dt date dttm datetime ts tm time timestamp at on"
"""How names of times end: ``TRANSACTION_DT``, ``TRX_TS``."""


def _ending(names: str, ends: str) -> str:
    """Each name with each ending: a tier, or part of one."""
    return " " + " ".join(f"{name}{end}" for name in names.split() for end in ends.split())


USER = (
    "user userid uid customer customerid customerno customernumber visitor visitorid member memberid household "
    "householdid householdkey kunde kundeid kundenid kundennr kundennummer cliente clienteid idcliente usuario "
    "usuarioid idusuario utente utilisateur clienteid codcliente codigocliente códigocliente idcomprador compradorid "
    "comprador usuário idusuário acheteur idclient codeclient idutente codicecliente klantnummer klantid klant "
    "会員番号 会員id 会員コード 会員 顧客番号 顧客id 顧客コード 顧客 ユーザーid ユーザid ユーザー 利用者id "
    "お客様番号 購入者id "
    "회원번호 회원id 회원 고객번호 고객id 고객 사용자id 사용자 이용자id 用户id 用户 会员号 客户编号 客户id "
    "покупатель клиент пользователь",
    "cust hshd hh client clientid buyer buyerid shopper shopperid person personid reviewer reviewerid account "
    "accountid subscriber subscriberid player playerid patron patronid profileid"
    + _ending("customer cust user member household hshd hh client buyer shopper person account acct patron", ID_ENDS),
    "email customeremail loyaltycard loyaltyid cardid cardno cardnumber cookie cookieid anonymousid deviceid "
    "mobile mobileno customermobile phone phonenumber telefon telefone celular cpf"
    + _ending("card loyalty loyaltycard clubcard bonuscard", ID_ENDS),
)
USER_WORDS = (
    "user customer visitor member household client buyer shopper reviewer kunde cliente comprador usuario usuário klant"
)
ITEM = (
    "item itemid product productid productno productcode sku skuid article articleid articleno articlenumber "
    "stockcode asin movie movieid book bookid isbn song songid track trackid clickarticleid artikel artikelid "
    "artikelnr artikelnummer produkt produktid produktnr producto productoid idproducto produit produitid prodotto "
    "produto produtoid idproduto codproduto codigoproduto códigoproduto anuncio idanuncio anúncio idanúncio "
    "idproduit "
    "codeproduit codiceprodotto idprodotto artikelcode 商品コード 商品番号 商品id 品番 作品id 作品番号 書籍コード "
    "曲id 記事id "
    "コンテンツid 상품코드 상품번호 상품id 품번 도서코드 콘텐츠id 작품id 곡id 기사id 商品编号 商品编码 产品id "
    "codicearticolo articolo códigoartículo codigoarticulo artículo articulo товар артикул кодтовара",
    "lineitemsku lineitemid itemno itemcode variantid parentasin content contentid document documentid docid news "
    "newsid video videoid "
    "listing listingid property propertyid game gameid artist artistid show showid merchandiseid goodsid "
    "materialnumber gtin ean ean13 upc barcode plu business businessid restaurantid poi poiid venueid"
    + _ending("item product prod sku article art goods material mat merchandise variant upc ean plu", ID_ENDS),
    "productname itemname articlename producttitle itemtitle artikelname artikelbezeichnung produktname lineitemname "
    "title nomeproduto nombreproducto nomproduit nomeprodotto 商品名 作品名 書名 曲名 商品 상품명 도서명 작품명 "
    "곡명 상품",
)
ITEM_WORDS = (
    "item product sku article movie book song track content artikel produkt producto produto produit prodotto anuncio"
)
PAGE = ("url page pageurl pagepath path pageid slug",)
TIME = (
    "time timestamp ts datetime eventtime eventtimestamp eventdatetime eventat eventts purchasedat purchasetime "
    "purchasetimestamp purchaseddate soldat ordertime ordertimestamp orderedat orderpurchasetimestamp invoicedate "
    "invoicetime transactiontime transactiontimestamp clicktimestamp clicktime viewedat ratedat unixreviewtime "
    "timestampms unixtime epoch zeitpunkt zeitstempel datumuhrzeit fechahora horodatage datahora datahoracompra "
    "datahorapedido datahoravenda dataora 購入日時 注文日時 販売日時 売上日時 取引日時 再生日時 視聴日時 閲覧日時 "
    "評価日時 日時 "
    "구매일시 주문일시 결제일시 판매일시 거래일시 재생일시 시청일시 일시 购买时间 下单时间 时间",
    "date eventdate purchasedate orderdate saledate salesdate transactiondate transdate visitdate datum zeit "
    "datumzeit "
    "kaufdatum bestelldatum verkaufsdatum rechnungsdatum belegdatum fecha data datacompra datapedido datavenda "
    "dateachat datecommande datavendita 購入日 注文日 販売日 売上日 取引日 視聴日 日付 구매일 구매일자 주문일 "
    "주문일자 판매일 거래일 "
    "날짜 일자 日期 day occurredat happenedat reviewtime дата"
    + _ending("transaction trans tran trx trxn txn tx purchase purch order ord sale sales invoice inv", TIME_ENDS)
    + _ending("receipt bill basket event visit shop activity interaction view click rating", TIME_ENDS),
    "createdat created createdtime creationdate inserted insertedat loggedat servertime localtime utctime sessionstart",
)
TIME_WORDS = "time timestamp date datetime datum zeit uhrzeit fecha hora data at on ts dt dttm"
NOT_EVENT_TIME = (
    "updated modified shipped shipping delivered delivery birth birthday dob registered signup due expiry expires "
    "release released valid start end launch estimated approved returned load loaded etl export exported"
)
EVENT = (
    "event eventtype eventname interaction interactiontype action actiontype behavior behaviour behaviortype "
    "behaviourtype activity activitytype ereignis aktion evento tipoevento イベント イベント種別 行動 이벤트 행동",
    "type kind verb",
)
STATUS = (
    "orderstatus itemstatus linestatus status orderstate auftragsstatus bestellstatus statuspedido situacaopedido "
    "situação "
    "situacao estadopedido statutcommande statut statoordine 注文ステータス ステータス 状態 주문상태 상태 订单状态 "
    "状态 estado stato статус",
)
QUANTITY = (
    "quantity lineitemquantity qty units pieces itemquantity orderquantity quantitysold unitssold menge anzahl "
    "stueck "
    "stück cantidad quantite quantité quantita quantità quantidade qtd qtde aantal 数量 個数 点数 冊数 購入数 수량 "
    "개수 anz stk количество колво"
    + _ending("sales sale sold item items order ordered purchase purchased", "qty quantity units pieces")
    + " qtysold qtyordered unitsold nounits noofunits noofpieces numunits",
    "count number numitems n",
)
AMOUNT = "amount amt volume"
"""Names that some use for pieces, others for money: values decide."""
VALUE = (
    "value linetotal lineamount linevalue lineprice salesvalue salesamount extendedprice totalprice amountpaid paid "
    "salesamt lineamt extendedamount extendedamt extprice salesvalueamt netsalesamt grosssalesamt purchaseamount "
    "purchaseamt "
    "revenue turnover umsatz gesamtpreis positionsbetrag valortotal valorpago importetotal montanttotal 小計 "
    "결제금액",
    "total amount amt totalamount totalamt transactionamount transactionamt tranamt trxamt txnamt netamount netamt "
    "grossamount sales spend spent netsales grosssales betrag gesamtbetrag gesamt summe importe montant "
    "totale valor importo bedrag 金額 合計金額 売上金額 購入金額 支払金額 금액 구매금액 판매금액 합계 金额 сумма",
)
COST = "asset unitcost costprice itemcost productcost buyingprice wholesaleprice cogs einkaufspreis wareneinsatz"
"""What the shop paid, which is not what its customers did."""
PRICE = (
    "unitprice lineitemprice priceperunit itemprice price productprice sellingprice saleprice salesprice retailprice "
    "einzelpreis stückpreis stueckpreis preis preciounitario precio prixunitaire prix prezzo listprice "
    "precounitario preçounitário valorunitario valorunitário preco preço prezzounitario prijs 単価 価格 販売価格 "
    "단가 가격 판매가 单价 价格 цена",
)
RATING = (
    "rating stars score overall reviewscore reviewrating bewertung avaliacao avaliação nota puntuacion valoracion "
    "評価 評点 평점 별점 评分",
)
BASKET = (
    "basket basketid order orderid orderno ordernumber invoice invoiceid invoiceno invoicenumber receipt receiptid "
    "receiptno bonid bonnr bestellnummer rechnungsnummer rechnungsnr belegnummer belegnr auftragsnummer auftragsnr "
    "idpedido pedidoid numeropedido númeropedido notafiscal numerocommande idcommande numeroordine 伝票番号 "
    "注文番号 注文id "
    "受注番号 レシート番号 取引番号 取引id 주문번호 주문id 거래번호 영수증번호 订单号 订单编号 nopedido numpedido"
    + _ending("basket order ord invoice inv receipt bill", ID_ENDS),
    "transaction cart checkout ticket sale bon bestellung rechnung beleg pedido commande ordine scontrino"
    + _ending("transaction trans tran trx txn cart checkout ticket sale", ID_ENDS),
)
OWN_ID = (
    "eventid eventuuid eventguid uuid guid messageid insertid hitid rowuuid orderlineid orderitemid lineitemid "
    "transactionlineid invoicelineid orderlineno ereignisid",
    "id rowid recordid logid key rowkey pk",
)
"""Ids of single events: by their names, and names that may as well be a number of rows."""
SESSION = ("session sessionid usersession visitid",)
DEVICE = (
    "device devicetype devicecategory devicegroup clickdevicegroup platform gerät geraet dispositivo appareil 端末 "
    "デバイス 기기 设备",
)
OS = ("os operatingsystem clickos betriebssystem",)
COUNTRY = ("country countrycode usercountry customercountry clickcountry land pais país pays paese 国 국가 国家",)
REGION = ("region state province clickregion bundesland kanton provincia uf estado 都道府県 지역 시도 省份",)
STORE = (
    "store storename shop branch outlet filiale location tienda "
    "loja magasin negozio winkel 店舗 店舗名 店舗コード 매장 지점 점포 门店"
    + _ending("store shop branch outlet location", ID_ENDS),
)
TITLE = (
    "title itemtitle producttitle productname itemname lineitemname articlename movietitle booktitle songtitle "
    "trackname artikelname artikelbezeichnung produktbezeichnung produktname bezeichnung nomeproduto tituloanuncio "
    "títuloanúncio nombreproducto nomproduit 商品名 作品名 書名 曲名 品名 タイトル 상품명 제목 도서명 작품명 곡명 "
    "商品名称",
    "name description productdescription itemdescription desc beschreibung artikeltext descripcion descricao "
    "descrição "
    "titulo título designation libelle libellé descrizione titolo nome nombre nom descripción наименование название",
)
DEPARTMENT = (
    "department departmentname departmentdesc productdepartment dept deptname deptdesc division "
    "abteilung shelf warengruppe section maincategory productgroup departamento "
    "seção secao rayon reparto 部門 大分類 부문 대분류" + _ending("department dept", ID_ENDS),
)
CATEGORY = (
    "category categoryname categorydesc productcategory prodcategory itemcategory productcategoryname commodity "
    "commoditydesc productclass itemclass class classname kategorie "
    "categoria categoría categorie catégorie genre genres aisle gênero カテゴリ カテゴリー ジャンル 分類 카테고리 "
    "분류 장르 分类 类别" + _ending("category cat productcategory commodity class productclass", ID_ENDS),
    "cat type producttype",
)
SUBCATEGORY = (
    "subcategory subcategoryname subcategorydesc subcat subdepartment subclass subclassname productsubclass "
    "itemsubclass subcommodity subcommoditydesc productsubcategory prodsubcategory "
    "unterkategorie subcategoria subcategoría 中分類 "
    "小分類 소분류" + _ending("subcategory subcat subclass productsubclass subcommodity", ID_ENDS),
)
BRAND = (
    "brand brandname manufacturer marke hersteller marca marque vendor merk ブランド メーカー 出版社 브랜드 제조사 "
    "출판사 品牌",
)

LIKED, RATED = "liked", "rated"
"""Types of events with a rating: from a threshold on, and below it."""

# Types of events: whole ones, as they stand in the column of the type.
PURCHASES = (
    "purchase purchased buy bought order ordered transaction sale sold checkout paid payment kauf achat compra "
    "pedido venda vente commande acquisto vendita 購入 注文 구매 주문 결제 购买 下单"
)
TAKEN = "liked rating rated play played listen watch watched read download event 再生 視聴 재생 시청 播放 观看"
CARTS = "cart addtocart basket addtobasket warenkorb panier carrito carrinho carrello カート カート追加 장바구니 加购"
LIKES = (
    "wishlist addtowishlist favorite favourite fav like bookmark save share follow merkliste merkzettel favori "
    "favorito preferito お気に入り いいね 찜 좋아요 收藏"
)
VIEWS = (
    "view pageview pv click impression detail seen show open browse ansicht aufruf klick vue clic vista visualizacao "
    "visualização visualizzazione 閲覧 表示 クリック 조회 클릭 浏览 点击"
)
TAKEN_BACK = (
    "remove return refund cancel dislike unlike delete storn fail abandon declin reject voided retoure retour "
    "zurück annul "
    "anulad devol reembols estorn rembours rimbors kündig キャンセル 取消 返品 返金 취소 반품 환불 退款 退货"
)
# Words within a type of several (`Product Viewed`), read in this order: `Cart Viewed` is a view.
SAYS_VIEW = "view viewed views click clicked impression seen opened browsed visit visited select selected"
SAYS_LIKE = "wishlist favorite favorited favourite liked saved shared followed bookmarked"
SAYS_CART = "add added basket started begin"
SAYS_PURCHASE = "purchase purchased bought sold paid"
SAYS_DONE = "completed complete placed made confirmed succeeded created"
SAYS_TAKEN = "rated played listened watched read downloaded completed finished"


def is_status(name: str) -> bool:
    """Whether a column tells what became of an order, rather than what happened."""
    return squeezed(name) in " ".join(STATUS).split()


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
