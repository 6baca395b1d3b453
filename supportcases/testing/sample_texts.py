"""The words of which made-up cases are made: what merchants of a store platform write, in six languages."""

from typing import Final, NamedTuple

from supportcases.domain.cases import Category


class Vocabulary(NamedTuple):
    """The phrases of one language: a subject says what is wrong, with a number for {}, and perhaps a circumstance."""

    subjects: dict[Category, tuple[str, ...]]
    circumstances: tuple[str, ...]
    details: tuple[str, ...]
    answers: tuple[str, ...]
    replies: tuple[str, ...]
    merchants: tuple[str, ...]


ENGLISH: Final = Vocabulary(
    subjects={
        Category.ORDERS_PAYMENTS: (
            "Refund of order #{} has not arrived",
            "Order #{} was charged twice",
            "The checkout shows a blank page",
            "Payout of this week is missing",
        ),
        Category.PRODUCTS_CATALOG: (
            "The product import skips every line without a SKU",
            "Stock of SKU {} is off by one",
            "Size variants are shown in the wrong order",
            "Product images look blurred",
        ),
        Category.DOMAINS_SETUP: (
            "Our custom domain leads to an empty page",
            "Safari calls the certificate of shop{} invalid",
            "The DNS record for shop{} is not found",
            "The redirect from our old shop runs in circles",
        ),
        Category.BILLING_PLANS: (
            "Invoice {} has no VAT number",
            "The upgrade to the yearly plan fails",
            "Invoice {} was sent to our old address",
            "We were billed for a plan that we left",
        ),
        Category.STORE_BUILDER: (
            "The theme editor does not save",
            "The footer menu is empty",
            "Changes to the landing page do not appear",
            "The newsletter form sends nothing",
        ),
        Category.OTHER: (
            "A new colleague cannot log in",
            "The weekly report shows last week's figures",
            "The order export stops at line {}",
            "The mobile app closes by itself",
        ),
    },
    circumstances=(
        "since this morning",
        "on mobile phones only",
        "for customers in Canada",
        "after the last update",
        "",
    ),
    details=(
        "It happens every time, in two browsers, and our customers have begun to call us about it.",
        "We tried it again with a test order just now, with the same result.",
        "Nothing was changed on our side since last week, so we have no idea where to look.",
        "About one in ten is affected; the others look right. I can send a list if that helps.",
        "The dashboard says that all is well, which it is not.",
    ),
    answers=(
        "Thank you for the details. We can see it too and are looking for the cause.",
        "This is mended now; please try again and tell us if it comes back.",
        "Could you send us the time of the last attempt, and the email address of the customer?",
        "The bank has confirmed the transfer. It should be with you within two working days.",
    ),
    replies=(
        "It works again, many thanks!",
        "Still the same here, I am afraid.",
        "The last attempt was at 10:42, by a customer in Leeds.",
        "Thank you, I will try that this evening.",
    ),
    merchants=("Mara Lindqvist", "Owen Hughes", "Priya Raman"),
)

GERMAN: Final = Vocabulary(
    subjects={
        Category.ORDERS_PAYMENTS: (
            "Erstattung der Bestellung {} ist nicht angekommen",
            "Bestellung {} wurde doppelt berechnet",
        ),
        Category.PRODUCTS_CATALOG: (
            "Der Artikelimport überspringt Zeilen ohne Artikelnummer",
            "Bestand von Artikel {} stimmt nicht",
        ),
        Category.DOMAINS_SETUP: (
            "Unsere Domain führt auf eine leere Seite",
            "Der DNS-Eintrag für shop{} wird nicht gefunden",
        ),
        Category.BILLING_PLANS: (
            "Rechnung {} ohne USt-IdNr.",
            "Der Wechsel zum Jahrestarif bricht ab",
        ),
        Category.STORE_BUILDER: (
            "Der Design-Editor speichert nicht",
            "Das Menü in der Fußzeile ist leer",
        ),
        Category.OTHER: (
            "Die neue Kollegin kann sich nicht anmelden",
            "Der Export der Bestellungen endet in Zeile {}",
        ),
    },
    circumstances=("seit heute früh", "nur auf Mobilgeräten", "für Kunden in Österreich", ""),
    details=(
        "Das passiert jedes Mal, in zwei Browsern, und unsere Kunden rufen schon an.",
        "Bei uns wurde seit letzter Woche nichts geändert.",
        "Etwa jede zehnte Bestellung ist betroffen, die übrigen stimmen.",
    ),
    answers=(
        "Danke für die Hinweise. Wir sehen es auch und suchen die Ursache.",
        "Das ist jetzt behoben; bitte versuchen Sie es noch einmal.",
        "Können Sie uns die Uhrzeit des letzten Versuchs nennen?",
    ),
    replies=("Es läuft wieder, vielen Dank!", "Leider immer noch dasselbe.", "Der letzte Versuch war um 10:42 Uhr."),
    merchants=("Jörg Weiß", "Anke Süßmilch"),
)

FRENCH: Final = Vocabulary(
    subjects={
        Category.ORDERS_PAYMENTS: (
            "Le remboursement de la commande {} n'est pas arrivé",
            "La commande {} a été facturée deux fois",
        ),
        Category.PRODUCTS_CATALOG: (
            "L'import des produits ignore les lignes sans référence",
            "Le stock de l'article {} est faux",
        ),
        Category.DOMAINS_SETUP: (
            "Notre nom de domaine mène à une page vide",
            "L'entrée DNS de shop{} est introuvable",
        ),
        Category.BILLING_PLANS: (
            "La facture {} est sans numéro de TVA",
            "Le passage à l'abonnement annuel échoue",
        ),
        Category.STORE_BUILDER: (
            "L'éditeur de thème n'enregistre plus",
            "Le menu du pied de page est vide",
        ),
        Category.OTHER: (
            "Une collègue n'arrive pas à se connecter",
            "L'export des commandes s'arrête à la ligne {}",
        ),
    },
    circumstances=("depuis ce matin", "sur mobile uniquement", "pour les clients en Belgique", ""),
    details=(
        "Cela arrive à chaque fois, et nos clients commencent à nous appeler.",
        "Rien n'a été modifié de notre côté depuis la semaine dernière.",
        "Environ une commande sur dix est touchée.",
    ),
    answers=(
        "Merci pour ces précisions. Nous le voyons aussi et cherchons la cause.",
        "C'est réparé ; pouvez-vous réessayer ?",
        "Pouvez-vous nous donner l'heure du dernier essai ?",
    ),
    replies=("Ça marche de nouveau, merci !", "Toujours pareil, hélas.", "Le dernier essai était à 10 h 42."),
    merchants=("Élodie Garçon", "Noël Lefèvre"),
)

SPANISH: Final = Vocabulary(
    subjects={
        Category.ORDERS_PAYMENTS: (
            "El reembolso del pedido {} no ha llegado",
            "El pedido {} se ha cobrado dos veces",
        ),
        Category.PRODUCTS_CATALOG: (
            "La importación salta los productos sin referencia",
            "El stock del artículo {} está mal",
        ),
        Category.DOMAINS_SETUP: (
            "Nuestro dominio lleva a una página vacía",
            "El registro DNS de shop{} no se encuentra",
        ),
        Category.BILLING_PLANS: (
            "La factura {} viene sin número de IVA",
            "El cambio al plan anual falla",
        ),
        Category.STORE_BUILDER: (
            "El editor de temas no guarda",
            "El menú del pie de página está vacío",
        ),
        Category.OTHER: (
            "Una compañera no puede iniciar sesión",
            "La exportación de pedidos se para en la línea {}",
        ),
    },
    circumstances=("desde esta mañana", "solo en móviles", "para clientes de México", ""),
    details=(
        "Ocurre cada vez, y los clientes ya nos llaman por teléfono.",
        "No hemos cambiado nada desde la semana pasada.",
        "Afecta más o menos a uno de cada diez pedidos.",
    ),
    answers=(
        "Gracias por los detalles. También lo vemos y buscamos la causa.",
        "Ya está arreglado; pruébelo de nuevo, por favor.",
        "¿A qué hora fue el último intento?",
    ),
    replies=("¡Ya funciona, muchas gracias!", "Sigue igual, por desgracia.", "El último intento fue a las 10:42."),
    merchants=("Begoña Núñez", "Íñigo Peña"),
)

POLISH: Final = Vocabulary(
    subjects={
        Category.ORDERS_PAYMENTS: (
            "Zwrot za zamówienie {} nie dotarł",
            "Zamówienie {} zostało obciążone dwa razy",
        ),
        Category.PRODUCTS_CATALOG: (
            "Import pomija produkty bez numeru",
            "Stan magazynu produktu {} jest błędny",
        ),
        Category.DOMAINS_SETUP: (
            "Nasza domena prowadzi do pustej strony",
            "Nie ma rekordu DNS dla shop{}",
        ),
        Category.BILLING_PLANS: (
            "Faktura {} nie ma numeru NIP",
            "Zmiana na plan roczny nie działa",
        ),
        Category.STORE_BUILDER: (
            "Edytor motywu nie zapisuje zmian",
            "Menu w stopce jest puste",
        ),
        Category.OTHER: (
            "Nowa koleżanka nie może się zalogować",
            "Eksport zamówień kończy się na wierszu {}",
        ),
    },
    circumstances=("od dzisiejszego ranka", "tylko na telefonach", "dla klientów z Łodzi", ""),
    details=("Dzieje się tak za każdym razem, a klienci już do nas dzwonią.", "Niczego nie zmienialiśmy."),
    answers=("Dziękujemy za szczegóły, szukamy przyczyny.", "Naprawione; prosimy spróbować ponownie."),
    replies=("Już działa, bardzo dziękuję!", "Niestety nadal to samo.", "Ostatnia próba była o 10:42."),
    merchants=("Małgorzata Wójcik", "Łukasz Żak"),
)

TURKISH: Final = Vocabulary(
    subjects={
        Category.ORDERS_PAYMENTS: (
            "Sipariş {} iadesi hâlâ gelmedi",
            "Sipariş {} iki kez tahsil edildi",
        ),
        Category.PRODUCTS_CATALOG: (
            "İçe aktarma kodsuz ürünleri atlıyor",
            "Ürün {} stoğu yanlış görünüyor",
        ),
        Category.DOMAINS_SETUP: (
            "Alan adımız boş sayfaya gidiyor",
            "shop{} için DNS kaydı bulunamıyor",
        ),
        Category.BILLING_PLANS: (
            "Fatura {} üzerinde vergi numarası yok",
            "Yıllık plana geçiş başarısız oluyor",
        ),
        Category.STORE_BUILDER: (
            "Tema düzenleyicisi kaydetmiyor artık",
            "Alt bilgi menüsü tamamen boş",
        ),
        Category.OTHER: (
            "Yeni çalışanımız giriş yapamıyor",
            "Sipariş dışa aktarma {} satırında duruyor",
        ),
    },
    circumstances=("bu sabahtan beri", "yalnızca telefonlarda", "İzmir'deki müşteriler için", ""),
    details=("Her seferinde oluyor, müşteriler bizi aramaya başladı.", "Bizde hiçbir şey değişmedi."),
    answers=("Ayrıntılar için teşekkürler, nedenini arıyoruz.", "Düzeltildi; lütfen yeniden deneyin."),
    replies=("Yine çalışıyor, çok teşekkürler!", "Maalesef hâlâ aynı.", "Son deneme 10:42'deydi."),
    merchants=("İpek Yıldız", "Çağrı Öztürk"),
)

LANGUAGES: Final = (ENGLISH, GERMAN, FRENCH, SPANISH, POLISH, TURKISH)
SHARES: Final = (50, 15, 10, 15, 5, 5)
AGENTS: Final = ("Ada", "Bo", "Chiara", "Dmitri")
