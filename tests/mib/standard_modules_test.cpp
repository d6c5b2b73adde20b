// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base_modules.h"

namespace bongsu::mib {
namespace {

using ::testing::ElementsAre;

// First, middle and last object of each module, as the published numbers have them.
TEST(StandardModules, NamesHaveTheirPublishedNumbers) {
  const auto at = [](std::string_view module, std::string_view name, std::string_view numbers) {
    SCOPED_TRACE(std::string(module) + "::" + std::string(name));
    const auto object = base_tree()->find(std::string(module) + "::" + std::string(name));
    ASSERT_TRUE(object);
    EXPECT_EQ(numbers, object->oid().to_string());
    const auto back = base_tree()->find(object->oid().arcs());
    ASSERT_TRUE(back);
    EXPECT_EQ(object->oid(), back->oid());
  };
  at("BGP4-MIB", "bgpVersion", "1.3.6.1.2.1.15.1");
  at("BGP4-MIB", "bgpIdentifier", "1.3.6.1.2.1.15.4");
  at("BGP4-MIB", "bgpBackwardTransition", "1.3.6.1.2.1.15.7.2");
  at("BRIDGE-MIB", "dot1dBaseBridgeAddress", "1.3.6.1.2.1.17.1.1");
  at("BRIDGE-MIB", "dot1dStpPortEnable", "1.3.6.1.2.1.17.2.15.1.4");
  at("BRIDGE-MIB", "topologyChange", "1.3.6.1.2.1.17.0.2");
  at("DIFFSERV-DSCP-TC", "diffServDSCPTC", "1.3.6.1.2.1.96");
  at("DISMAN-EVENT-MIB", "mteResourceSampleMinimum", "1.3.6.1.2.1.88.1.1.1");
  at("DISMAN-EVENT-MIB", "mteTriggerThresholdDeltaRising", "1.3.6.1.2.1.88.1.2.6.1.4");
  at("DISMAN-EVENT-MIB", "mteEventSetFailure", "1.3.6.1.2.1.88.2.0.5");
  at("ENTITY-STATE-MIB", "entStateTable", "1.3.6.1.2.1.131.1.1");
  at("ENTITY-STATE-MIB", "entStateUsage", "1.3.6.1.2.1.131.1.1.1.4");
  at("ENTITY-STATE-MIB", "entStateOperDisabled", "1.3.6.1.2.1.131.0.2");
  at("ENTITY-STATE-TC-MIB", "entityStateTc", "1.3.6.1.2.1.130");
  at("EtherLike-MIB", "dot3StatsTable", "1.3.6.1.2.1.10.7.2");
  at("EtherLike-MIB", "dot3ControlTable", "1.3.6.1.2.1.10.7.9");
  at("EtherLike-MIB", "dot3ErrorLoopbackError", "1.3.6.1.2.1.10.7.7.2");
  at("HC-RMON-MIB", "etherStatsHighCapacityTable", "1.3.6.1.2.1.16.1.7");
  at("HC-RMON-MIB", "nlMatrixTopNHighCapacityEntry", "1.3.6.1.2.1.16.15.8.1");
  at("HC-RMON-MIB", "mediaIndependentStatus", "1.3.6.1.2.1.16.21.1.1.31");
  at("IANA-ADDRESS-FAMILY-NUMBERS-MIB", "ianaAddressFamilyNumbers", "1.3.6.1.2.1.72");
  at("IANA-CHARSET-MIB", "ianaCharsetMIB", "1.3.6.1.2.1.106");
  at("IANA-ENTITY-MIB", "ianaEntityMIB", "1.3.6.1.2.1.216");
  at("IANA-MAU-MIB", "dot3MauTypeAUI", "1.3.6.1.2.1.26.4.1");
  at("IANA-MAU-MIB", "dot3MauType1000BaseCXHD", "1.3.6.1.2.1.26.4.27");
  at("IANA-MAU-MIB", "dot3MauType1000BasePX20U", "1.3.6.1.2.1.26.4.53");
  at("IANA-PRINTER-MIB", "ianaPrinterMIB", "1.3.6.1.2.1.109");
  at("IANA-RTPROTO-MIB", "ianaRtProtoMIB", "1.3.6.1.2.1.84");
  at("IEEE8023-LAG-MIB", "dot3adTablesLastChanged", "1.2.840.10006.300.43.1.3");
  at("IEEE8023-LAG-MIB", "dot3adAggPortActorPortPriority", "1.2.840.10006.300.43.1.2.1.1.15");
  at("IEEE8023-LAG-MIB", "dot3adAggPortDebugPartnerChangeCount", "1.2.840.10006.300.43.1.2.3.1.12");
  at("IF-INVERTED-STACK-MIB", "ifInvStackTable", "1.3.6.1.2.1.77.1.1");
  at("IF-INVERTED-STACK-MIB", "ifInvStackEntry", "1.3.6.1.2.1.77.1.1.1");
  at("IF-INVERTED-STACK-MIB", "ifInvStackStatus", "1.3.6.1.2.1.77.1.1.1.1");
  at("IP-FORWARD-MIB", "inetCidrRouteNumber", "1.3.6.1.2.1.4.24.6");
  at("IP-FORWARD-MIB", "ipCidrRouteType", "1.3.6.1.2.1.4.24.4.1.6");
  at("IP-FORWARD-MIB", "ipForwardMetric5", "1.3.6.1.2.1.4.24.2.1.15");
  at("IPV6-ICMP-MIB", "ipv6IfIcmpTable", "1.3.6.1.2.1.56.1.1");
  at("IPV6-ICMP-MIB", "ipv6IfIcmpInGroupMembReductions", "1.3.6.1.2.1.56.1.1.1.17");
  at("IPV6-ICMP-MIB", "ipv6IfIcmpOutGroupMembReductions", "1.3.6.1.2.1.56.1.1.1.34");
  at("IPV6-MIB", "ipv6Forwarding", "1.3.6.1.2.1.55.1.1");
  at("IPV6-MIB", "ipv6AddrPrefixEntry", "1.3.6.1.2.1.55.1.7.1");
  at("IPV6-MIB", "ipv6IfStateChange", "1.3.6.1.2.1.55.2.0.1");
  at("IPV6-TCP-MIB", "ipv6TcpConnTable", "1.3.6.1.2.1.6.16");
  at("IPV6-TCP-MIB", "ipv6TcpConnRemAddress", "1.3.6.1.2.1.6.16.1.3");
  at("IPV6-TCP-MIB", "ipv6TcpConnState", "1.3.6.1.2.1.6.16.1.6");
  at("IPV6-UDP-MIB", "ipv6UdpTable", "1.3.6.1.2.1.7.6");
  at("IPV6-UDP-MIB", "ipv6UdpLocalAddress", "1.3.6.1.2.1.7.6.1.1");
  at("IPV6-UDP-MIB", "ipv6UdpIfIndex", "1.3.6.1.2.1.7.6.1.3");
  at("LLDP-EXT-DOT1-MIB", "lldpXdot1ConfigPortVlanTable", "1.0.8802.1.1.2.1.5.32962.1.1.1");
  at("LLDP-EXT-DOT1-MIB", "lldpXdot1LocVlanId", "1.0.8802.1.1.2.1.5.32962.1.2.3.1.1");
  at("LLDP-EXT-DOT1-MIB", "lldpXdot1RemProtocolId", "1.0.8802.1.1.2.1.5.32962.1.3.4.1.2");
  at("LLDP-EXT-DOT3-MIB", "lldpXdot3PortConfigTable", "1.0.8802.1.1.2.1.5.4623.1.1.1");
  at("LLDP-EXT-DOT3-MIB", "lldpXdot3LocMaxFrameSizeEntry", "1.0.8802.1.1.2.1.5.4623.1.2.4.1");
  at("LLDP-EXT-DOT3-MIB", "lldpXdot3RemMaxFrameSize", "1.0.8802.1.1.2.1.5.4623.1.3.4.1.1");
  at("LLDP-EXT-MED-MIB", "lldpXMedTopologyChangeDetected", "1.0.8802.1.1.2.1.5.4795.0.1");
  at("LLDP-EXT-MED-MIB", "lldpXMedRemCapabilitiesEntry", "1.0.8802.1.1.2.1.5.4795.1.3.1.1");
  at("LLDP-EXT-MED-MIB", "lldpXMedRemXPoEPDPowerPriority", "1.0.8802.1.1.2.1.5.4795.1.3.7.1.3");
  at("LLDP-MIB", "lldpMessageTxInterval", "1.0.8802.1.1.2.1.1.1");
  at("LLDP-MIB", "lldpLocPortId", "1.0.8802.1.1.2.1.3.7.1.3");
  at("LLDP-MIB", "lldpRemTablesChange", "1.0.8802.1.1.2.0.0.1");
  at("LM-SENSORS-MIB", "lmTempSensorsTable", "1.3.6.1.4.1.2021.13.16.2");
  at("LM-SENSORS-MIB", "lmVoltSensorsTable", "1.3.6.1.4.1.2021.13.16.4");
  at("LM-SENSORS-MIB", "lmMiscSensorsValue", "1.3.6.1.4.1.2021.13.16.5.1.3");
  at("MAU-MIB", "rpMauTable", "1.3.6.1.2.1.26.1.1");
  at("MAU-MIB", "ifMauAutoNegSupported", "1.3.6.1.2.1.26.2.1.1.12");
  at("MAU-MIB", "ifMauJabberTrap", "1.3.6.1.2.1.26.0.2");
  at("NET-SNMP-EXTEND-MIB", "nsExtendNumEntries", "1.3.6.1.4.1.8072.1.3.2.1");
  at("NET-SNMP-EXTEND-MIB", "nsExtendStatus", "1.3.6.1.4.1.8072.1.3.2.2.1.21");
  at("NET-SNMP-EXTEND-MIB", "nsExtendOutLine", "1.3.6.1.4.1.8072.1.3.2.4.1.2");
  at("NOTIFICATION-LOG-MIB", "nlmConfigGlobalEntryLimit", "1.3.6.1.2.1.92.1.1.1");
  at("NOTIFICATION-LOG-MIB", "nlmLogDateAndTime", "1.3.6.1.2.1.92.1.3.1.1.3");
  at("NOTIFICATION-LOG-MIB", "nlmLogVariableOpaqueVal", "1.3.6.1.2.1.92.1.3.2.1.12");
  at("OSPF-MIB", "ospfRouterId", "1.3.6.1.2.1.14.1.1");
  at("OSPF-MIB", "ospfIfMetricEntry", "1.3.6.1.2.1.14.8.1");
  at("OSPF-MIB", "ospfAreaLsaCountNumber", "1.3.6.1.2.1.14.20.1.3");
  at("OSPF-TRAP-MIB", "ospfSetTrap", "1.3.6.1.2.1.14.16.1.1");
  at("OSPF-TRAP-MIB", "ospfVirtIfRxBadPacket", "1.3.6.1.2.1.14.16.2.9");
  at("OSPF-TRAP-MIB", "ospfVirtNbrRestartHelperStatusChange", "1.3.6.1.2.1.14.16.2.20");
  at("P-BRIDGE-MIB", "dot1dDeviceCapabilities", "1.3.6.1.2.1.17.6.1.1.1");
  at("P-BRIDGE-MIB", "dot1dPortGarpTable", "1.3.6.1.2.1.17.6.1.3.1");
  at("P-BRIDGE-MIB", "dot1dTpPortInOverflowDiscards", "1.3.6.1.2.1.17.4.6.1.3");
  at("POWER-ETHERNET-MIB", "pethPsePortTable", "1.3.6.1.2.1.105.1.1");
  at("POWER-ETHERNET-MIB", "pethPsePortShortCounter", "1.3.6.1.2.1.105.1.1.1.14");
  at("POWER-ETHERNET-MIB", "pethMainPowerUsageOffNotification", "1.3.6.1.2.1.105.0.3");
  at("PerfHist-TC-MIB", "perfHistTCMIB", "1.3.6.1.2.1.58");
  at("Printer-MIB", "prtGeneralTable", "1.3.6.1.2.1.43.5.1");
  at("Printer-MIB", "prtMarkerIndex", "1.3.6.1.2.1.43.10.2.1.1");
  at("Printer-MIB", "printerV2Alert", "1.3.6.1.2.1.43.18.2.0.1");
  at("Q-BRIDGE-MIB", "dot1qVlanVersionNumber", "1.3.6.1.2.1.17.7.1.1.1");
  at("Q-BRIDGE-MIB", "dot1qVlanStatus", "1.3.6.1.2.1.17.7.1.4.2.1.6");
  at("Q-BRIDGE-MIB", "dot1vProtocolPortRowStatus", "1.3.6.1.2.1.17.7.1.5.2.1.3");
  at("RMON-MIB", "rmonEventsV2", "1.3.6.1.2.1.16.0");
  at("RMON-MIB", "hostTopNRequestedSize", "1.3.6.1.2.1.16.5.1.1.6");
  at("RMON-MIB", "fallingAlarm", "1.3.6.1.2.1.16.0.2");
  at("RMON2-MIB", "protocolDirLastChange", "1.3.6.1.2.1.16.11.1");
  at("RMON2-MIB", "alMatrixDSEntry", "1.3.6.1.2.1.16.17.2.1");
  at("RMON2-MIB", "filterProtocolDirLocalIndex", "1.3.6.1.2.1.16.7.4.1.2");
  at("RSTP-MIB", "dot1dStpVersion", "1.3.6.1.2.1.17.2.16");
  at("RSTP-MIB", "dot1dStpPortAdminEdgePort", "1.3.6.1.2.1.17.2.19.1.2");
  at("RSTP-MIB", "dot1dStpPortAdminPathCost", "1.3.6.1.2.1.17.2.19.1.6");
  at("SMON-MIB", "smonCapabilities", "1.3.6.1.2.1.16.19.15");
  at("SMON-MIB", "smonVlanIdStatsNUcastOctets", "1.3.6.1.2.1.16.22.1.2.2.1.11");
  at("SMON-MIB", "portCopyStatus", "1.3.6.1.2.1.16.22.1.3.1.1.5");
  at("SNMP-COMMUNITY-MIB", "snmpCommunityTable", "1.3.6.1.6.3.18.1.1");
  at("SNMP-COMMUNITY-MIB", "snmpCommunityStorageType", "1.3.6.1.6.3.18.1.1.1.7");
  at("SNMP-COMMUNITY-MIB", "snmpTrapCommunity", "1.3.6.1.6.3.18.1.4");
  at("SNMP-MPD-MIB", "snmpUnknownSecurityModels", "1.3.6.1.6.3.11.2.1.1");
  at("SNMP-MPD-MIB", "snmpInvalidMsgs", "1.3.6.1.6.3.11.2.1.2");
  at("SNMP-MPD-MIB", "snmpUnknownPDUHandlers", "1.3.6.1.6.3.11.2.1.3");
  at("SNMP-NOTIFICATION-MIB", "snmpNotifyTable", "1.3.6.1.6.3.13.1.1");
  at("SNMP-NOTIFICATION-MIB", "snmpNotifyFilterProfileName", "1.3.6.1.6.3.13.1.2.1.1");
  at("SNMP-NOTIFICATION-MIB", "snmpNotifyFilterRowStatus", "1.3.6.1.6.3.13.1.3.1.5");
  at("SNMP-PROXY-MIB", "snmpProxyTable", "1.3.6.1.6.3.14.1.2");
  at("SNMP-PROXY-MIB", "snmpProxyContextName", "1.3.6.1.6.3.14.1.2.1.4");
  at("SNMP-PROXY-MIB", "snmpProxyRowStatus", "1.3.6.1.6.3.14.1.2.1.9");
  at("SNMP-TARGET-MIB", "snmpTargetSpinLock", "1.3.6.1.6.3.12.1.1");
  at("SNMP-TARGET-MIB", "snmpTargetAddrRowStatus", "1.3.6.1.6.3.12.1.2.1.9");
  at("SNMP-TARGET-MIB", "snmpUnknownContexts", "1.3.6.1.6.3.12.1.5");
  at("SNMP-USER-BASED-SM-MIB", "usmNoAuthProtocol", "1.3.6.1.6.3.10.1.1.1");
  at("SNMP-USER-BASED-SM-MIB", "usmUserEntry", "1.3.6.1.6.3.15.1.2.2.1");
  at("SNMP-USER-BASED-SM-MIB", "usmUserStatus", "1.3.6.1.6.3.15.1.2.2.1.13");
  at("SNMP-USM-AES-MIB", "usmAesCfb128Protocol", "1.3.6.1.6.3.10.1.2.4");
  at("SNMP-USM-HMAC-SHA2-MIB", "usmHMAC128SHA224AuthProtocol", "1.3.6.1.6.3.10.1.1.4");
  at("SNMP-USM-HMAC-SHA2-MIB", "usmHMAC256SHA384AuthProtocol", "1.3.6.1.6.3.10.1.1.6");
  at("SNMP-USM-HMAC-SHA2-MIB", "usmHMAC384SHA512AuthProtocol", "1.3.6.1.6.3.10.1.1.7");
  at("SNMP-VIEW-BASED-ACM-MIB", "vacmContextTable", "1.3.6.1.6.3.16.1.1");
  at("SNMP-VIEW-BASED-ACM-MIB", "vacmAccessContextMatch", "1.3.6.1.6.3.16.1.4.1.4");
  at("SNMP-VIEW-BASED-ACM-MIB", "vacmViewTreeFamilyStatus", "1.3.6.1.6.3.16.1.5.2.1.6");
  at("SNMPv2-TM", "snmpUDPDomain", "1.3.6.1.6.1.1");
  at("SNMPv2-TM", "snmpDDPDomain", "1.3.6.1.6.1.4");
  at("SNMPv2-TM", "rfc1157Domain", "1.3.6.1.6.2.1.1");
  at("TOKEN-RING-RMON-MIB", "tokenRingMLStatsTable", "1.3.6.1.2.1.16.1.2");
  at("TOKEN-RING-RMON-MIB", "tokenRingPHistoryDataPkts64to127Octets", "1.3.6.1.2.1.16.2.4.1.10");
  at("TOKEN-RING-RMON-MIB", "sourceRoutingStatsStatus", "1.3.6.1.2.1.16.10.6.1.24");
  at("TRANSPORT-ADDRESS-MIB", "transportDomainUdpIpv4", "1.3.6.1.2.1.100.1.1");
  at("TRANSPORT-ADDRESS-MIB", "transportDomainSctpIpv4", "1.3.6.1.2.1.100.1.9");
  at("TRANSPORT-ADDRESS-MIB", "transportDomainSctpDns", "1.3.6.1.2.1.100.1.16");
  at("UPS-MIB", "upsIdentManufacturer", "1.3.6.1.2.1.33.1.1.1");
  at("UPS-MIB", "upsAlarmTempBad", "1.3.6.1.2.1.33.1.6.3.5");
  at("UPS-MIB", "upsTrapAlarmEntryRemoved", "1.3.6.1.2.1.33.2.4");
  at("UUID-TC-MIB", "uuidTCMIB", "1.3.6.1.2.1.217");
  at("VRRP-MIB", "vrrpNodeVersion", "1.3.6.1.2.1.68.1.1");
  at("VRRP-MIB", "vrrpAssoIpAddrRowStatus", "1.3.6.1.2.1.68.1.4.1.2");
  at("VRRP-MIB", "vrrpTrapAuthFailure", "1.3.6.1.2.1.68.0.2");
}

std::vector<std::string> index_of(std::string_view column) {
  std::vector<std::string> names;
  const auto object = base_tree()->find(column);
  if (!object) return {"no such object"};
  for (const NamedRef& part : object->index()) {
    EXPECT_LT(part.object, base_tree()->size()) << column << ": " << part.name;
    names.push_back((part.implied ? "IMPLIED " : "") + std::string(part.name));
  }
  return names;
}

TEST(StandardModules, RowsHaveTheirIndex) {
  EXPECT_THAT(index_of("dot1dTpFdbPort"), ElementsAre("dot1dTpFdbAddress"));
  EXPECT_THAT(index_of("dot1qTpFdbPort"), ElementsAre("dot1qFdbId", "dot1qTpFdbAddress"));
  EXPECT_THAT(index_of("dot1qVlanCurrentEgressPorts"), ElementsAre("dot1qVlanTimeMark", "dot1qVlanIndex"));
  EXPECT_THAT(index_of("dot1qPvid"), ElementsAre("dot1dBasePort"));  // by AUGMENTS
  EXPECT_THAT(index_of("dot1dStpPortAdminEdgePort"), ElementsAre("dot1dStpPort"));
  EXPECT_THAT(index_of("lldpRemSysName"), ElementsAre("lldpRemTimeMark", "lldpRemLocalPortNum", "lldpRemIndex"));
  EXPECT_THAT(index_of("lldpRemManAddrIfId"),
              ElementsAre("lldpRemTimeMark", "lldpRemLocalPortNum", "lldpRemIndex", "lldpRemManAddrSubtype", "lldpRemManAddr"));
  EXPECT_THAT(index_of("lldpXdot1RemVlanName"),
              ElementsAre("lldpRemTimeMark", "lldpRemLocalPortNum", "lldpRemIndex", "lldpXdot1RemVlanId"));
  EXPECT_THAT(index_of("pethPsePortDetectionStatus"), ElementsAre("pethPsePortGroupIndex", "pethPsePortIndex"));
  EXPECT_THAT(index_of("bgpPeerState"), ElementsAre("bgpPeerRemoteAddr"));
  EXPECT_THAT(index_of("ospfNbrState"), ElementsAre("ospfNbrIpAddr", "ospfNbrAddressLessIndex"));
  EXPECT_THAT(index_of("entStateOper"), ElementsAre("entPhysicalIndex"));
  EXPECT_THAT(index_of("upsOutputVoltage"), ElementsAre("upsOutputLineIndex"));
  EXPECT_THAT(index_of("prtMarkerSuppliesLevel"), ElementsAre("hrDeviceIndex", "prtMarkerSuppliesIndex"));
  EXPECT_THAT(index_of("etherStatsPkts"), ElementsAre("etherStatsIndex"));
  EXPECT_THAT(index_of("dot3StatsFCSErrors"), ElementsAre("dot3StatsIndex"));
  EXPECT_THAT(index_of("lmTempSensorsValue"), ElementsAre("lmTempSensorsIndex"));
  EXPECT_THAT(index_of("dot3adAggPortSelectedAggID"), ElementsAre("dot3adAggPortIndex"));
  EXPECT_THAT(index_of("inetCidrRouteIfIndex"),
              ElementsAre("inetCidrRouteDestType", "inetCidrRouteDest", "inetCidrRoutePfxLen", "inetCidrRoutePolicy",
                          "inetCidrRouteNextHopType", "inetCidrRouteNextHop"));
  EXPECT_THAT(index_of("vacmAccessReadViewName"),
              ElementsAre("vacmGroupName", "vacmAccessContextPrefix", "vacmAccessSecurityModel", "vacmAccessSecurityLevel"));
  EXPECT_THAT(index_of("snmpTargetAddrTAddress"), ElementsAre("IMPLIED snmpTargetAddrName"));
  EXPECT_THAT(index_of("mteTriggerTest"), ElementsAre("mteOwner", "IMPLIED mteTriggerName"));
}

std::string label_of(std::string_view name, std::int64_t value) {
  const auto object = base_tree()->find(name);
  if (!object) return "no such object";
  for (const EnumItem& item : object->enums()) {
    if (item.value == value) return std::string(item.label);
  }
  return "no such value";
}

TEST(StandardModules, ValuesHaveTheirNames) {
  EXPECT_EQ("batteryLow", label_of("upsBatteryStatus", 3));
  EXPECT_EQ("battery", label_of("upsOutputSource", 5));
  EXPECT_EQ("forwarding", label_of("dot1dStpPortState", 5));
  EXPECT_EQ("learned", label_of("dot1dTpFdbStatus", 3));
  EXPECT_EQ("deliveringPower", label_of("pethPsePortDetectionStatus", 3));
  EXPECT_EQ("established", label_of("bgpPeerState", 6));
  EXPECT_EQ("full", label_of("ospfNbrState", 8));
  EXPECT_EQ("fullDuplex", label_of("dot3StatsDuplexStatus", 3));
  EXPECT_EQ("macAddress", label_of("lldpRemChassisIdSubtype", 4));
  EXPECT_EQ("bridge", label_of("lldpRemSysCapEnabled", 2));
  EXPECT_EQ("critical", label_of("entStateAlarm", 2));
  EXPECT_EQ("toner", label_of("prtMarkerSuppliesType", 3));
  EXPECT_EQ("rstp", label_of("dot1dStpVersion", 2));
}

TEST(StandardModules, UnitsAndHints) {
  EXPECT_EQ("minutes", base_tree()->find("upsEstimatedMinutesRemaining")->units);
  EXPECT_EQ("0.1 Volt DC", base_tree()->find("upsBatteryVoltage")->units);
  EXPECT_EQ("Watts", base_tree()->find("pethMainPsePower")->units);
  EXPECT_EQ("seconds", base_tree()->find("lldpMessageTxInterval")->units);
  EXPECT_EQ("MacAddress", base_tree()->find("dot1dBaseBridgeAddress")->convention);
  EXPECT_EQ("1x:", base_tree()->find("dot1qTpFdbAddress")->hint);
  EXPECT_EQ(Syntax::Gauge32, base_tree()->find("lmFanSensorsValue")->type);
}

TEST(StandardModules, NotificationsNameTheirObjects) {
  const auto objects_of = [](std::string_view name) {
    std::vector<std::string> names;
    for (const NamedRef& object : base_tree()->find(name)->objects()) names.emplace_back(object.name);
    return names;
  };
  EXPECT_THAT(objects_of("risingAlarm"),
              ElementsAre("alarmIndex", "alarmVariable", "alarmSampleType", "alarmValue", "alarmRisingThreshold"));
  EXPECT_THAT(objects_of("upsTrapOnBattery"),
              ElementsAre("upsEstimatedMinutesRemaining", "upsSecondsOnBattery", "upsConfigLowBattTime"));
  EXPECT_THAT(objects_of("bgpEstablishedNotification"), ElementsAre("bgpPeerRemoteAddr", "bgpPeerLastError", "bgpPeerState"));
  EXPECT_THAT(objects_of("ospfNbrStateChange"),
              ElementsAre("ospfRouterId", "ospfNbrIpAddr", "ospfNbrAddressLessIndex", "ospfNbrRtrId", "ospfNbrState"));
  EXPECT_THAT(objects_of("entStateOperDisabled"), ElementsAre("entStateAdmin", "entStateAlarm"));
  EXPECT_THAT(objects_of("mteTriggerFired"),
              ElementsAre("mteHotTrigger", "mteHotTargetName", "mteHotContextName", "mteHotOID", "mteHotValue"));
}

}  // namespace
}  // namespace bongsu::mib
