"""Words that fresh prompts are made of: 128 in each language, our own choice.

Everyday nouns and verbs of what assistants are asked about. Changing any of them changes every
prompt that was ever drawn, so that old runs would no longer redo: add a list, never edit one.
"""

from __future__ import annotations

from typing import Final

from host.artefacts.datasets.dataset import Language

EN = """
apple arrow autumn baker balcony basket battery beach bicycle blanket bottle bread bridge broom
bucket butter button cabin camera candle carpet castle chair cheese cherry circle clerk clock
cloud coffee copper corner cotton cradle curtain dancer desert diary dinner doctor dolphin donkey
drawer eagle engine envelope evening fabric factory farmer feather ferry flower forest fountain
garden garlic glacier glove grain guitar hammer harbour helmet honey hotel island jacket journey
kettle kitchen ladder lantern leather lemon letter library lizard market meadow mirror morning
mountain museum needle notebook ocean office orange orchard oven painter paper parcel pencil
pepper pillow planet pocket potato prairie quarry rabbit railway ribbon river rocket saddle sailor
salmon scarf school shelter silver singer spoon stable summer teacher ticket timber tractor tunnel
umbrella valley velvet village violin
"""
ZH = """
苹果 箭头 秋天 面包 阳台 篮子 电池 海滩 单车 毛毯 瓶子 桥梁 扫帚 水桶 黄油 纽扣 木屋 相机 蜡烛 地毯
城堡 椅子 奶酪 樱桃 圆圈 店员 时钟 云朵 咖啡 铜器 角落 棉花 摇篮 窗帘 舞者 沙漠 日记 晚餐 医生 海豚
毛驴 抽屉 老鹰 引擎 信封 傍晚 布料 工厂 农民 羽毛 渡船 花朵 森林 喷泉 花园 大蒜 冰川 手套 谷物 吉他
锤子 港口 头盔 蜂蜜 旅馆 岛屿 夹克 旅程 水壶 厨房 梯子 灯笼 皮革 柠檬 书信 图书 蜥蜴 市场 草地 镜子
早晨 高山 展馆 缝针 笔记 海洋 办公 橙子 果园 烤箱 画家 纸张 包裹 铅笔 胡椒 枕头 行星 口袋 土豆 草原
矿场 兔子 铁路 丝带 河流 火箭 马鞍 水手 鲑鱼 围巾 学校 帐篷 银器 歌手 勺子 马厩 夏天 老师 车票 木材
拖拉 隧道 雨伞 山谷 天鹅 村庄 提琴 窗户
"""
COUNT: Final = 128
WORDS: Final[dict[Language, tuple[str, ...]]] = {
    "en": tuple(EN.split()),
    "zh": tuple(ZH.split()),
}
# Between two words, as the language writes them.
BETWEEN: Final[dict[Language, str]] = {"en": " ", "zh": "，"}
