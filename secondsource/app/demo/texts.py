"""What is said in the invented town of Velgrad on an ordinary day, and what is answered. One line, one small story."""

from __future__ import annotations

ORDINARY = """
Fog on the river this morning, could not see the lighthouse from our kitchen. #Velgrad
Baker on Linden Lane sold out of poppy rolls by six. Six! #Velgrad
Line 3 is ten minutes late again, nobody at the stop believes the display any more #Velgrad
Lost: grey cat with a white sock, answers to Pepper, last seen behind the library #Velgrad
Velgrad library extends its opening hours during exams, now until midnight
Rowing club is looking for beginners, no experience needed, just warm clothes #Velgrad
Heard the first swifts above the town hall today. Summer is coming to #Velgrad
Water pressure low in Upper Gardens, utility says a valve is being replaced #Velgrad
Velgrad Rovers 2, Brinmoor United 2. What a second half, my voice is gone
The chess tables in Garden Square have been repainted, thank you whoever did it #Velgrad
School choir rehearsal moved to Thursday because the hall is being polished #Velgrad
Two ambulances were blocked by parked vans on Kiln Street, please think #Velgrad
Farmers market tomorrow: asparagus, goat cheese, the honey man is back #Velgrad
Why is the fountain green? Is it algae or did somebody have an idea? #Velgrad
Velgrad council votes on new bicycle lanes tonight, meeting is public
My grandmother's recipe for nettle soup, for those who asked #Velgrad
Street piano outside the post office is in tune for once #Velgrad
Power cut in Tanners Row for twenty minutes, back now #Velgrad
Somebody left a box of novels on bench eleven, free to take #Velgrad
Velgrad weather: twelve degrees, wind from the east, showers after lunch
The clock on Saint Orla's tower is seven minutes fast and it ruins my day #Velgrad
Film club shows silent comedies on Friday with a live accordion #Velgrad
Brinmoor road closed for resurfacing until Monday, follow the yellow signs #Velgrad
New mural under the viaduct, a heron made of old keys, go and look #Velgrad
Pharmacy on Copper Street has flu vaccines again, no appointment #Velgrad
Three ducklings crossed the ring road with a police escort this morning #Velgrad
Velgrad museum found a Roman coin in its own broom cupboard
Looking for a second drummer, we play weddings mostly #Velgrad
The smell around the brewery is not gas, it is malt, you can stop calling #Velgrad
Night bus timetable changes on the first, the last one leaves at half past one #Velgrad
Dentist recommendations in the old quarter? Mine retired to grow olives #Velgrad
Half marathon registration opens at noon, five hundred places only #Velgrad
Kite festival on the dunes has been postponed, there is no wind at all #Velgrad
The swimming pool reopens after cleaning, the slide stays shut #Velgrad
Found a child's red mitten by the carousel, hung it on the railing #Velgrad
University publishes its timetable for the autumn, lectures begin in September #Velgrad
Velgrad theatre cancels tonight's matinee, the lead has laryngitis
Tomato seedlings to give away, far too many came up #Velgrad
Small fire in a rubbish bin at the bus depot, out within minutes #Velgrad
Recycling day is moved because of the holiday, glass goes out on Saturday #Velgrad
Our violin maker is ninety today and still opens his workshop at eight #Velgrad
Allotment waiting list is now four years, says the man with the marrow #Velgrad
Free concert in the bandstand, brass quintet, bring cushions #Velgrad
Velgrad hospital asks visitors to use the north entrance while the lifts are serviced
Card machines are down in the covered hall, take coins #Velgrad
Beekeepers meeting: the swarm on the bank roof has been collected safely #Velgrad
Anyone else's internet crawling in the student houses? #Velgrad
A seal has come up the estuary as far as the weir, keep dogs on a lead #Velgrad
Geography olympiad won by a girl from our school, so proud #Velgrad
Pothole on Mason's Hill has its own birthday cake now #Velgrad
The lamplighter tour begins at dusk, meet at the apothecary sign #Velgrad
Notice: sirens will be tested at eleven, this is only a test #Velgrad
Velgrad archive puts two thousand postcards online, some of them very rude
Blood donation bus is parked at the stadium until four #Velgrad
Volunteers wanted to count toads tonight, boots and torches needed #Velgrad
Our ice cream shop tries fennel flavour, opinions differ #Velgrad
Book launch this evening: a history of the salt trade in nine maps #Velgrad
Barber on Crow Lane gives free haircuts before job interviews #Velgrad
New zebra crossing near the kindergarten, drivers please slow down #Velgrad
The old observatory is open to everybody while Saturn is up #Velgrad
Choir of retired firemen looking for a tenor, uniform provided #Velgrad
Velgrad ferry timetable for May is out, two more sailings on Sundays
Repair café on Saturday, bring toasters, lamps and patience #Velgrad
Graffiti on the aqueduct says sorry, with a date. We all want to know #Velgrad
Police return forty stolen bicycles, bring a proof of purchase #Velgrad
Cherry trees along the canal were pruned today, branches are free #Velgrad
Election of the harvest queen is open to goats this year #Velgrad
Velgrad radio tower will be painted, climbers spotted at dawn
Language exchange on Wednesdays at the tea house, all levels welcome #Velgrad
Escalator at the station is stairs again #Velgrad
My neighbour's parrot has learnt the door bell and we all suffer #Velgrad
Planetarium dome gets new seats from the old opera, velvet and all #Velgrad
Cycling to Tavlo takes forty minutes with the wind, two hours against it #Velgrad
Ceramics fair opens in the cloister, wear something you can get dusty #Velgrad
Municipal nursery hands out sunflowers, one pot per household #Velgrad
Velgrad firefighters freed a hedgehog from a drain and named it Captain
Postman Olek walks his last round after thirty eight years #Velgrad
Dog show winners: a mop with legs, and Bruno #Velgrad
Tourist office is out of maps again, ask the woman at the kiosk on Fern Street #Velgrad
Wine tasting cancelled, somebody tasted it already #Velgrad
Astronomy students saw the space station pass above the gasworks #Velgrad
Sourdough starter, two hundred years old by family legend, will share #Velgrad
Heating in the courthouse has failed, hearings continue in coats #Velgrad
""".strip().splitlines()

ARABIC = """
ضباب كثيف على النهر هذا الصباح في فيلغراد #فيلغراد
تأخر القطار المتجه إلى برينمور نصف ساعة #فيلغراد
مكتبة المدينة تفتح أبوابها حتى منتصف الليل خلال الامتحانات #فيلغراد
سوق الخضار غدا في الساحة القديمة والعسل متوفر #فيلغراد
انقطاع الكهرباء في شارع الدباغين لمدة عشرين دقيقة #فيلغراد
مباراة الفريق انتهت بالتعادل هدفين لكل فريق #فيلغراد
حفل موسيقي مجاني في الحديقة مساء الجمعة #فيلغراد
المستشفى يطلب من الزوار استخدام المدخل الشمالي #فيلغراد
""".strip().splitlines()

SPANISH = """
La panadería de la calle de los Tilos ya no tiene bollos a las seis de la mañana #Velgrad
El concierto gratuito del viernes se traslada al claustro por la lluvia #Velgrad
Se busca gato gris con una pata blanca, visto detrás de la biblioteca municipal #Velgrad
La piscina reabre mañana después de la limpieza, el tobogán sigue cerrado #Velgrad
El museo encontró una moneda romana en un armario de escobas #Velgrad
""".strip().splitlines()

#: Posts that mean harm to whatever shows them.
HOSTILE = (
    "<script>alert('velgrad')</script><img src=x onerror=alert(1)> nice weather in #Velgrad",
    "\x1b[2J\x1b[31mYour terminal is mine\x1b[0m \x07 greetings from #Velgrad",
    "@channel <!channel> <!everyone> <https://phish.example|click here> everybody wake up #Velgrad",
    "\u202etxet desrever\u202c and\u200b hidden \u2066marks\u2069 in #Velgrad",
)

REPLIES = (
    "Thanks!",
    "Ha, same here",
    "So true",
    "Where exactly?",
    "Love this town",
    "Every single year",
    "Is that still open?",
    "On my way",
)

CLAIM = (
    "BREAKING #Velgrad: the Chain Bridge is burning right now, people are trapped on it! Share before it is taken down!"
)
#: How a text changes as people copy it by hand.
COPIED = (
    "{}",
    "{}!!",
    "{} 🔥🔥🔥",
    "{} Please share",
    "🚨 {}",
    "OMG {}",
    "{} @velgrad_mayor",
    "{} #ChainBridge",
)
CLAIM_HOSTILE = (
    "{} <script>alert(1)</script>",
    "{} \x1b[5m!!!\x1b[0m",
    "{} @channel <!channel>",
)
CLAIM_REPLIES = (
    "Is this real?",
    "Omg stay safe",
    "My sister lives there",
    "Where is this exactly?",
    "Any source for this?",
    "Terrible",
)
CLAIM_ARABIC = "عاجل #فيلغراد: جسر السلاسل يحترق الآن والناس عالقون عليه، انشروا قبل الحذف"
EARLIER = "Smoke over Karst Bridge after this morning's depot fire. The road to Velgrad stays closed until noon. #Karst"
DEBUNK = (
    "This picture is from 2014, not from today: it shows the depot fire at Karst Bridge, first posted on 2 March 2014. "
    "The Chain Bridge is open and nothing burns there. #Velgrad"
)
DEBUNK_AGAIN = "Walked over the Chain Bridge a minute ago. That picture is from 2014 and from Karst. #Velgrad"

CRANE = "The big harbour crane has collapsed onto pier 4 at Velgrad port, loud as thunder. #Velgrad"
CRANE_RADIO = (
    "Our reporter at Velgrad port: a harbour crane collapsed onto pier 4 after noon, two dockers lightly hurt. #Velgrad"
)
CRANE_FERRY = "Was queueing for the ferry when the harbour crane collapsed, dust all over pier 4 of the port. #Velgrad"

TRAM = "Tram 7 is off the rails at Mill Square in Velgrad and went into the flower kiosk. Avoid the square. #Velgrad"
TRAM_CONFIRMED = (
    "I can see it from my window on Mill Square: tram 7 jumped the rails, the flower kiosk is flat. "
    "Nobody hurt. #Velgrad"
)
