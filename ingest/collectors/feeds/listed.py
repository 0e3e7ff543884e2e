"""The feeds that are read where nobody says otherwise.

Chosen for reach across regions and languages, and for having been at their address for years; being listed says
nothing about an outlet, nor does not being listed. Addresses change: a feed that answers 404 or 410 is told once,
and operators keep their own list in `collectors.feeds.feeds`.
"""

from __future__ import annotations

from ingest.formats.feed import AGENCY, FACT_CHECKER, OUTLET, Feed

_OUTLETS = (
    ("BBC News", "bbc.co.uk", "en", "https://feeds.bbci.co.uk/news/world/rss.xml"),
    ("BBC News عربي", "bbc.co.uk", "ar", "https://feeds.bbci.co.uk/arabic/rss.xml"),
    ("The Guardian", "theguardian.com", "en", "https://www.theguardian.com/world/rss"),
    ("Al Jazeera English", "aljazeera.com", "en", "https://www.aljazeera.com/xml/rss/all.xml"),
    ("Middle East Eye", "middleeasteye.net", "en", "https://www.middleeasteye.net/rss"),
    ("The Times of Israel", "timesofisrael.com", "en", "https://www.timesofisrael.com/feed/"),
    ("Deutsche Welle", "dw.com", "en", "https://rss.dw.com/rdf/rss-en-all"),
    ("tagesschau", "tagesschau.de", "de", "https://www.tagesschau.de/index~rss2.xml"),
    ("Der Spiegel", "spiegel.de", "de", "https://www.spiegel.de/schlagzeilen/index.rss"),
    ("France 24", "france24.com", "en", "https://www.france24.com/en/rss"),
    ("France 24", "france24.com", "fr", "https://www.france24.com/fr/rss"),
    ("فرانس 24", "france24.com", "ar", "https://www.france24.com/ar/rss"),
    ("Le Monde", "lemonde.fr", "fr", "https://www.lemonde.fr/rss/une.xml"),
    ("El País", "elpais.com", "es", "https://feeds.elpais.com/mrss-s/pages/ep/site/elpais.com/portada"),
    ("La Repubblica", "repubblica.it", "it", "https://www.repubblica.it/rss/homepage/rss2.0.xml"),
    ("The New York Times", "nytimes.com", "en", "https://rss.nytimes.com/services/xml/rss/nyt/World.xml"),
    ("NPR", "npr.org", "en", "https://feeds.npr.org/1004/rss.xml"),
    ("CBC News", "cbc.ca", "en", "https://www.cbc.ca/webfeed/rss/rss-world"),
    ("Infobae", "infobae.com", "es", "https://www.infobae.com/feeds/rss/"),
    ("G1", "g1.globo.com", "pt", "https://g1.globo.com/rss/g1/"),
    ("ABC News (Australia)", "abc.net.au", "en", "https://www.abc.net.au/news/feed/51120/rss.xml"),
    ("NHK", "nhk.or.jp", "ja", "https://www3.nhk.or.jp/rss/news/cat0.xml"),
    ("The Hindu", "thehindu.com", "en", "https://www.thehindu.com/news/feeder/default.rss"),
    ("The Times of India", "indiatimes.com", "en", "https://timesofindia.indiatimes.com/rssfeedstopstories.cms"),
    ("Dawn", "dawn.com", "en", "https://www.dawn.com/feeds/home"),
    ("Premium Times", "premiumtimesng.com", "en", "https://www.premiumtimesng.com/feed"),
    ("Ukrainska Pravda", "pravda.com.ua", "uk", "https://www.pravda.com.ua/rss/view_news/"),
    ("Meduza", "meduza.io", "ru", "https://meduza.io/rss/all"),
    ("UN News", "news.un.org", "en", "https://news.un.org/feed/subscribe/en/news/all/rss.xml"),
)
_AGENCIES = (
    ("ANSA", "ansa.it", "it", "https://www.ansa.it/sito/ansait_rss.xml"),
    ("Anadolu Agency", "aa.com.tr", "en", "https://www.aa.com.tr/en/rss/default?cat=guncel"),
    ("TASS", "tass.com", "en", "https://tass.com/rss/v2.xml"),
    ("Ukrinform", "ukrinform.net", "en", "https://www.ukrinform.net/rss/block-lastnews"),
    ("Yonhap", "yna.co.kr", "en", "https://en.yna.co.kr/RSS/news.xml"),
    ("Kyodo News", "kyodonews.net", "en", "https://english.kyodonews.net/rss/all.xml"),
)
_FACT_CHECKERS = (
    ("AFP Fact Check", "factcheck.afp.com", "en", "https://factcheck.afp.com/rss.xml"),
    ("Full Fact", "fullfact.org", "en", "https://fullfact.org/feed/"),
    ("Snopes", "snopes.com", "en", "https://www.snopes.com/feed/"),
    ("PolitiFact", "politifact.com", "en", "https://www.politifact.com/rss/factchecks/"),
    ("FactCheck.org", "factcheck.org", "en", "https://www.factcheck.org/feed/"),
    ("Lead Stories", "leadstories.com", "en", "https://leadstories.com/atom.xml"),
    ("Africa Check", "africacheck.org", "en", "https://africacheck.org/rss.xml"),
    ("Chequeado", "chequeado.com", "es", "https://chequeado.com/feed/"),
    ("Les Décodeurs", "lemonde.fr", "fr", "https://www.lemonde.fr/les-decodeurs/rss_full.xml"),
    ("Teyit", "teyit.org", "tr", "https://teyit.org/feed"),
    ("Alt News", "altnews.in", "en", "https://www.altnews.in/feed/"),
    ("BOOM", "boomlive.in", "en", "https://www.boomlive.in/feed"),
    ("StopFake", "stopfake.org", "en", "https://www.stopfake.org/en/feed/"),
    ("Fatabyyano", "fatabyyano.net", "ar", "https://fatabyyano.net/feed/"),
)

LISTED: tuple[Feed, ...] = tuple(
    Feed(url=url, publisher=publisher, domain=domain, kind=kind, language=language)
    for kind, listed in ((OUTLET, _OUTLETS), (AGENCY, _AGENCIES), (FACT_CHECKER, _FACT_CHECKERS))
    for publisher, domain, language, url in listed
)
