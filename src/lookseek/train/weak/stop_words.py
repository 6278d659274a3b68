"""Words of English and Vietnamese that join others and name nothing, for vocabularies of what photos show."""

from __future__ import annotations

__all__ = ["STOP_WORDS"]

_ENGLISH = """
a about above after again all also am an and any are as at be because been being below both but by can could did do
does doing down during each else etc ever every few for from further had has have having he her here hers him his how
if in into is it its itself just let like made make many may me men's might more most much must my no nor not of off on
once one only or other our out over own per same she should so some such than that the their them then there these they
this those though through to too two under until up upon very via was we were what when where which while who whom why
will with within without women's would you your yours yourself
"""

_VIETNAMESE = """
bạn bị bởi các cái cho chưa chỉ có cùng của cũng do dành dù gì giữa hay hơn hoặc khi không là lại làm lên mà một mỗi
mọi này nên nếu những như nhưng nhiều nhất nào nữa ở qua ra rất rồi sau sẽ sự tại theo thì trên trong trước từ tới và
vào vì với vẫn được đang đã đến để đều đó đây
"""

STOP_WORDS = frozenset(_ENGLISH.split()) | frozenset(_VIETNAMESE.split())
